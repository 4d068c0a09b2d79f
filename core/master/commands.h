/*
 * Commands of plugins (`pawlctl audit verify`) that are under way: the request goes to a worker, its output comes back in pieces and
 * waits here for a client that may be slow. A worker whose output finds no room is not listened to for a while; a client that does
 * not read at all loses its command. Main thread.
 *
 * The output is a stream of lines, each a JSON object: {"text": "…"} any number of times, then one {"status": N} (the command's
 * own exit status) or {"error": "…"} (it did not come to its end).
 */
#ifndef PAWL_MASTER_COMMANDS_H
#define PAWL_MASTER_COMMANDS_H

#include "master/seat.h"

#include <jansson.h>
#include <stddef.h>

struct commands;
struct command;

struct commands *commands_new(struct loop *loop);
void commands_free(struct commands **commands);

/* Sends `argv` (an array of strings) to the seat's worker. `wake` is called whenever there is more to read. NULL: err says why. */
struct command *command_start(struct commands *commands, struct seat *seat, json_t *argv, void (*wake)(void *arg),
                              void *arg, struct pawl_error *err);

/* Takes up to `max` bytes of the output. 0: none now. -1: the end has been read. */
ptrdiff_t command_read(struct command *command, char *out, size_t max);

/* The client is gone, or has read everything. Frees the command; further output is dropped. */
void command_end(struct command **command);

/* From the seats. */
void commands_reply(struct commands *commands, struct seat *seat, const json_t *message);
void commands_lost(struct commands *commands, const struct seat *seat, const char *why);

#endif

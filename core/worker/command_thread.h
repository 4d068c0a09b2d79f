/*
 * The plugin's commands (`pawlctl PLUGIN …`), one at a time, on a thread of their own, so that a long one holds up no event.
 * What a command writes waits in a buffer of limited size; a command that writes faster than it is read waits with it.
 *
 * The lock "commands" guards the job and the buffer; no plugin code runs under it. All functions: the main thread.
 */
#ifndef PAWL_WORKER_COMMAND_THREAD_H
#define PAWL_WORKER_COMMAND_THREAD_H

#include "base/buf.h"
#include "base/error.h"
#include "plugin/instance.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct command_thread;

/* `wake(arg)`, on its thread, when there is something to take. */
struct command_thread *command_thread_open(size_t max_event, const _Atomic bool *stopping, void (*wake)(void *arg),
                                           void *arg, struct pawl_error *err);

/* Begins a command; not while busy. `argv[0]` is the command's name; all is copied. False: the plugin has no such command. */
bool command_thread_begin(struct command_thread *thread, struct plugin_instance *in, const char *const *argv,
                          size_t argc, struct pawl_error *err);

/* What the command has written since, appended to `out`, at most `max` bytes. */
void command_thread_take(struct command_thread *thread, struct buf *out, size_t max);

/* True once, when the command has ended and everything it wrote was taken. */
bool command_thread_ended(struct command_thread *thread, int32_t *status);

/* Nobody reads any more: writing fails from now on, and the command may end. */
void command_thread_cancel(struct command_thread *thread);

/* Ends the thread; false, with nothing freed, if a command is under way. NULL is accepted. */
bool command_thread_close(struct command_thread **thread);

#endif

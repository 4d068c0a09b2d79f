/*
 * The read model: each request as the events of two topics tell of it, and everything that happened to it. Kept for this host's callers alone; it
 * decides nothing and holds nothing up. An event ahead of the known state (the topics share no order) is recorded, and takes effect when what it
 * builds on has come, as workflow would take it; what workflow would reject after 5 minutes never takes effect.
 *
 * The model's side is the handlers' (a lock lets in one batch at a time), the reader's the http thread's; they share the file.
 */
#ifndef GATEWAY_MODEL_H
#define GATEWAY_MODEL_H

#include "common/states.h"

#include <jansson.h>
#include <pawl/plugin.h>
#include <stdbool.h>
#include <stdint.h>

struct model;

/* Looks at the file without touching it. False: `error` says why it cannot be used. */
bool model_check(const char *path, char *error, size_t error_size);

struct model *model_new(const char *path);
void model_free(struct model **model);

/* Opens the file, makes it where there is none. False: it is tried again with the next events. */
bool model_open(struct model *model, char *error, size_t error_size, pawl_result *result);

/* A batch handler's body. */
uint32_t model_take(struct model *model, struct pawl_ctx *ctx, const struct pawl_event *const *events, uint32_t count,
                    pawl_result *rest);

/* ---- Reading ---- */

struct known_request {
        int64_t id;
        enum state state;
        int64_t customer_id, manager_id, contractor_id; /* -1: none is known */
        int64_t created, updated;                       /* nanoseconds since 1970; 0: not known */
        char priority[64];
        char
            *details; /* a JSON object: title, description, …; to be freed by who asked; NULL where nothing was found */
};

struct model_reader;

struct model_reader *model_reader_new(const char *path);
void model_reader_free(struct model_reader **reader);

/* 1: found; 0: not known; -1: it cannot be read now. */
int model_find(struct model_reader *reader, int64_t id, struct known_request *request);

/* An array of what happened, oldest first; NULL: it cannot be read now. */
json_t *model_timeline(struct model_reader *reader, int64_t id);

#endif

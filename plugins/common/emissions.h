/*
 * What was emitted for each event that was handled, as rows, written in the transaction of the handling. So an event that comes again changes
 * nothing, and has the same emitted, byte for byte, whatever has changed since: a second decision would be told under the id of the first.
 *
 * A plugin has a table `history` with a line, and its `number`, for each event; it adds EMISSIONS_SCHEMA to one of its migrations and
 * EMISSIONS_STATEMENTS to its statements; `statement` below is the first one's place. A handler's thread.
 */
#ifndef PLUGINS_COMMON_EMISSIONS_H
#define PLUGINS_COMMON_EMISSIONS_H

#include "common/db.h"

#define EMISSIONS_SCHEMA                                                                                               \
        "CREATE TABLE emission ("                                                                                      \
        "  number INTEGER NOT NULL REFERENCES history,"                                                                \
        "  ordinal INTEGER NOT NULL,"                                                                                  \
        "  topic TEXT NOT NULL,"                                                                                       \
        "  event_type TEXT NOT NULL,"                                                                                  \
        "  key TEXT NOT NULL,"                                                                                         \
        "  body TEXT NOT NULL,"                                                                                        \
        "  PRIMARY KEY (number, ordinal)"                                                                              \
        ") STRICT, WITHOUT ROWID;"

#define EMISSIONS_STATEMENTS                                                                                           \
        "INSERT INTO emission (number, ordinal, topic, event_type, key, body) VALUES (?, ?, ?, ?, ?, ?)",              \
            "SELECT topic, event_type, key, body FROM emission WHERE number = ? ORDER BY ordinal"
#define EMISSIONS_STATEMENT_COUNT 2

struct emission {
        struct pawl_str topic;
        struct pawl_str event_type;
        struct pawl_str key;
        struct pawl_str body; /* a JSON object without the envelope, but for a timestamp */
};

/* Emits it and keeps it, as the `ordinal`th of the line. PAWL_OK, or what the handler should return. */
pawl_result emissions_emit(struct db *db, int statement, struct pawl_ctx *ctx, int64_t number, int64_t ordinal,
                           const struct emission *emission);

/* Emits all of the line again. */
pawl_result emissions_repeat(struct db *db, int statement, struct pawl_ctx *ctx, int64_t number);

/*
 * What names an event, for the history: its event_id, or topic/partition/offset (written to `text`) where it has none. The host
 * derives the ids of what is emitted from the same.
 */
#define EMISSIONS_SOURCE_SIZE 320
struct pawl_str emissions_source(const struct pawl_event *ev, char text[EMISSIONS_SOURCE_SIZE]);

#endif

/*
 * Events that a plugin owes the world and that no handler can emit: what a timer, a command or an expiry causes. Each is a row, written
 * in the transaction of what it tells of, so that neither stands without the other; the plugin's tick publishes the rows, in their
 * order, and removes each when the broker has it. After a crash a row may be published again, with the same event_id, by
 * which a consumer knows the repeat.
 *
 * Of all instances on this host that share the file, one publishes at a time: who holds the lock beside it.
 *
 * A plugin adds OUTBOX_SCHEMA to one of its migrations and OUTBOX_STATEMENTS as the last of its statements; `statement` below is the first
 * one's place.
 */
#ifndef PLUGINS_COMMON_OUTBOX_H
#define PLUGINS_COMMON_OUTBOX_H

#include "common/db.h"

#define OUTBOX_SCHEMA                                                                                                    \
        "CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE, topic TEXT NOT NULL," \
        " event_type TEXT NOT NULL, key TEXT, body TEXT NOT NULL, correlation_id TEXT, refused INTEGER);"

#define OUTBOX_STATEMENTS                                                                                                  \
        "INSERT OR IGNORE INTO outbox (event_id, topic, event_type, key, body, correlation_id) VALUES (?, ?, ?, ?, ?, ?)", \
            "SELECT id, event_id, topic, event_type, key, body, correlation_id FROM outbox"                                \
            " WHERE id > ? AND refused IS NULL ORDER BY id LIMIT ?",                                                       \
            "DELETE FROM outbox WHERE id = ?", "UPDATE outbox SET refused = ? WHERE id = ?"
#define OUTBOX_STATEMENT_COUNT 4

struct outbox_event {
        struct pawl_str topic;
        struct pawl_str event_type;
        struct pawl_str key;            /* absent: none */
        struct pawl_str body;           /* a JSON object without the envelope */
        struct pawl_str event_id;       /* a UUID that stays the same whenever the same thing is told: pawl_derive_id */
        struct pawl_str correlation_id; /* absent: a random one */
};

/* Inside the caller's transaction. One whose event_id waits already is not added again. False: as the functions of common/db.h. */
bool outbox_add(struct db *db, int statement, const struct outbox_event *event);

struct outbox;

/* NULL: memory. Opens no file yet: for create. The path is copied, `design` is kept. */
struct outbox *outbox_new(struct pawl_instance *instance, const char *path, const struct db_design *design,
                          int statement);

/*
 * Publishes what is due and removes what was acknowledged; what fails is tried again by the next call, with a line in the log. What can never be
 * published stays as a row, `refused` saying why (PAWL_E_…). The plugin's tick.
 */
void outbox_tick(struct outbox *outbox);

/* In destroy. Accepts NULL, sets the caller's pointer to NULL. */
void outbox_free(struct outbox **outbox);

#endif

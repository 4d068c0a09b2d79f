#include "row.h"

#include <string.h>

static struct optional_int column_number(struct db *db, int statement, int column)
{
        struct optional_int n = {!db_column_null(db, statement, column), db_column_int(db, statement, column)};

        return n;
}

static bool column_hash(struct db *db, int statement, int column, unsigned char hash[HASH_SIZE])
{
        struct pawl_str bytes = db_column_blob(db, statement, column);

        memset(hash, 0, HASH_SIZE);
        if (bytes.len == HASH_SIZE)
                memcpy(hash, bytes.ptr, HASH_SIZE);
        return bytes.len == HASH_SIZE;
}

bool row_read(struct db *db, int statement, struct entry *entry, struct link *link)
{
        bool linked, hashed;

        link->seq = db_column_int(db, statement, 0);
        linked = column_hash(db, statement, 1, link->hash);
        hashed = column_hash(db, statement, 2, link->event_hash);
        link->recorded = db_column_int(db, statement, 3);
        link->variant = (int32_t)db_column_int(db, statement, 4);
        link->pruned = db_column_int(db, statement, 16);
        *entry = (struct entry){
            .topic = db_column_text(db, statement, 5),
            .partition = (int32_t)db_column_int(db, statement, 6),
            .offset = db_column_int(db, statement, 7),
            .time = db_column_int(db, statement, 8),
            .event_type = db_column_text(db, statement, 9),
            .event_id = db_column_text(db, statement, 10),
            .correlation_id = db_column_text(db, statement, 11),
            .request_id = column_number(db, statement, 12),
            .user_id = column_number(db, statement, 13),
            .key = db_column_blob(db, statement, 14),
            .value = db_column_blob(db, statement, 15),
        };
        return linked && hashed;
}

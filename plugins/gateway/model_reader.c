#include "common/iso_time.h"
#include "model.h"
#include "model_private.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct model_reader {
        char *path;
        struct db *db;
};

struct model_reader *model_reader_new(const char *path)
{
        struct model_reader *reader = memory_new(1, sizeof *reader);

        reader->path = memory_text(path, strlen(path));
        return reader;
}

void model_reader_free(struct model_reader **reader)
{
        struct model_reader *r = *reader;

        *reader = NULL;
        if (r == NULL)
                return;
        db_close(&r->db);
        free(r->path);
        free(r);
}

static bool have_database(struct model_reader *r)
{
        char error[512];

        if (r->db == NULL)
                r->db = db_open(r->path, DB_READ, &model_design, error, sizeof error, NULL);
        return r->db != NULL;
}

static void copy(char *to, size_t size, struct pawl_str from)
{
        snprintf(to, size, "%.*s", (int)from.len, from.ptr != NULL ? from.ptr : "");
}

int model_find(struct model_reader *r, int64_t id, struct known_request *request)
{
        int found;

        *request = (struct known_request){.id = id};
        if (!have_database(r) || !db_query(r->db, MODEL_FIND, DB_VALUES(db_int(id))))
                return -1;
        found = db_next(r->db, MODEL_FIND);
        if (found == 1) {
                state_parse(db_column_text(r->db, MODEL_FIND, 0), &request->state);
                copy(request->priority, sizeof request->priority, db_column_text(r->db, MODEL_FIND, 1));
                request->customer_id = db_column_int(r->db, MODEL_FIND, 2);
                request->manager_id = db_column_int(r->db, MODEL_FIND, 3);
                request->contractor_id = db_column_int(r->db, MODEL_FIND, 4);
                request->created = db_column_int(r->db, MODEL_FIND, 6);
                request->updated = db_column_int(r->db, MODEL_FIND, 7);
                request->details =
                    memory_text(db_column_text(r->db, MODEL_FIND, 5).ptr, db_column_text(r->db, MODEL_FIND, 5).len);
        }
        db_end(r->db, MODEL_FIND);
        return found;
}

/* The column as text; null where it is empty, or no text. */
static json_t *text_of(struct db *db, int column)
{
        struct pawl_str text = db_column_text(db, MODEL_TIMELINE, column);
        json_t *value = text.ptr != NULL ? json_stringn(text.ptr, text.len) : NULL;

        return value != NULL ? value : json_null();
}

static json_t *happening(struct db *db)
{
        char time[ISO_TIME_SIZE];
        json_t *h = json_pack("{ss, so, so, so, so, so, sI, sI}", "time",
                              iso_time_format(db_column_int(db, MODEL_TIMELINE, 0), time), "event_type", text_of(db, 1),
                              "event_id", text_of(db, 2), "correlation_id", text_of(db, 3), "source", text_of(db, 4),
                              "topic", text_of(db, 5), "partition", (json_int_t)db_column_int(db, MODEL_TIMELINE, 6),
                              "offset", (json_int_t)db_column_int(db, MODEL_TIMELINE, 7));

        if (!db_column_null(db, MODEL_TIMELINE, 8))
                json_object_set_new(h, "from", text_of(db, 8));
        if (!db_column_null(db, MODEL_TIMELINE, 9)) {
                json_object_set_new(h, "to", text_of(db, 9));
                json_object_set_new(h, "took_effect", json_boolean(db_column_int(db, MODEL_TIMELINE, 10) == 0));
        }
        return h;
}

json_t *model_timeline(struct model_reader *r, int64_t id)
{
        json_t *list = json_array();
        int more = -1;

        if (have_database(r) && db_query(r->db, MODEL_TIMELINE, DB_VALUES(db_int(id))))
                while ((more = db_next(r->db, MODEL_TIMELINE)) == 1)
                        json_array_append_new(list, happening(r->db));
        if (more == 0)
                return list;
        json_decref(list);
        return NULL;
}

#include "facts.h"

#include <pawl/jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *const fact_names[FACT_COUNT] = {"title",   "description", "region",        "city",
                                                   "address", "urgency",     "equipment_type"};
static const char *const party_members[PARTY_COUNT] = {"customer_id", "manager_id", "contractor_id"};
static const char *const party_roles[PARTY_COUNT] = {"customer", "manager", "contractor"};

const char *fact_name(enum fact fact)
{
        return fact_names[fact];
}

const char *party_member(enum party party)
{
        return party_members[party];
}

const char *party_role(enum party party)
{
        return party_roles[party];
}

void facts_init(struct request_facts *facts, int64_t request_id)
{
        *facts = (struct request_facts){.request_id = request_id};
        for (int i = 0; i < PARTY_COUNT; i++)
                facts->parties[i] = FACTS_NO_ID;
}

void facts_clear(struct request_facts *facts)
{
        for (int i = 0; i < FACT_COUNT; i++)
                free(facts->texts[i]);
        facts_init(facts, FACTS_NO_ID);
}

static bool set(char **text, struct pawl_str value)
{
        if (*text != NULL && strlen(*text) == value.len && memcmp(*text, value.ptr, value.len) == 0)
                return false;
        free(*text);
        *text = strndup(value.ptr, value.len);
        return true;
}

/* What request.updated says is different now. */
static bool learn_update(struct request_facts *facts, const struct pawl_event *ev)
{
        const json_t *fields = json_object_get(pawl_event_json(ev), "updated_fields");
        bool changed = false;

        for (int i = 0; i < FACT_COUNT; i++) {
                const json_t *value = json_object_get(fields, fact_names[i]);

                if (json_is_string(value))
                        changed |=
                            set(&facts->texts[i], pawl_bytes(json_string_value(value), json_string_length(value)));
        }
        return changed;
}

bool facts_learn(struct request_facts *facts, const struct pawl_event *ev)
{
        bool changed = false;
        struct pawl_str text, type = pawl_event_type(ev);
        int64_t id;

        for (int i = 0; i < PARTY_COUNT; i++) {
                if (pawl_event_int(ev, party_members[i], &id) && id >= 0 && id != facts->parties[i]) {
                        facts->parties[i] = id;
                        changed = true;
                }
        }
        if (type.ptr == NULL || strncmp(type.ptr, "request.", 8) != 0)
                return changed;
        for (int i = 0; i < FACT_COUNT; i++) {
                if (pawl_event_string(ev, fact_names[i], &text))
                        changed |= set(&facts->texts[i], text);
        }
        if (pawl_event_kind(ev, "updated_fields") == PAWL_KIND_OBJECT)
                changed |= learn_update(facts, ev);
        return changed;
}

bool facts_complete(const struct request_facts *facts)
{
        return facts->texts[FACT_TITLE] != NULL;
}

bool facts_put(struct db *db, int statement, const struct request_facts *facts)
{
        struct db_value values[1 + PARTY_COUNT + FACT_COUNT];
        size_t n = 0;

        values[n++] = db_int(facts->request_id);
        for (int i = 0; i < PARTY_COUNT; i++)
                values[n++] = facts->parties[i] == FACTS_NO_ID ? db_null() : db_int(facts->parties[i]);
        for (int i = 0; i < FACT_COUNT; i++)
                values[n++] = db_text(pawl_text(facts->texts[i]));
        return db_run(db, statement, values, n);
}

bool facts_get(struct db *db, int statement, struct request_facts *facts, bool *found)
{
        int q = statement + 1;
        int row = db_query(db, q, DB_VALUES(db_int(facts->request_id))) ? db_next(db, q) : -1;

        *found = row == 1;
        if (row != 1)
                return row == 0;
        for (int i = 0; i < PARTY_COUNT; i++)
                facts->parties[i] = db_column_null(db, q, i) ? FACTS_NO_ID : db_column_int(db, q, i);
        for (int i = 0; i < FACT_COUNT; i++) {
                struct pawl_str text = db_column_text(db, q, PARTY_COUNT + i);

                facts->texts[i] = text.ptr != NULL ? strndup(text.ptr, text.len) : NULL;
        }
        db_end(db, q);
        return true;
}

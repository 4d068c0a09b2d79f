/*
 * What the plugin remembers of a request, for the messages of later events: who takes part in it, and what it is about. Kept in the table
 * `requests` of the store's database; each event adds what it tells.
 */
#ifndef NOTIFICATIONS_FACTS_H
#define NOTIFICATIONS_FACTS_H

#include "common/db.h"

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stdint.h>

enum fact {
        FACT_TITLE,
        FACT_DESCRIPTION,
        FACT_REGION,
        FACT_CITY,
        FACT_ADDRESS,
        FACT_URGENCY,
        FACT_EQUIPMENT,
        FACT_COUNT
};
enum party { PARTY_CUSTOMER, PARTY_MANAGER, PARTY_CONTRACTOR, PARTY_COUNT };

#define FACTS_NO_ID (-1)

struct request_facts {
        int64_t request_id;
        int64_t parties[PARTY_COUNT]; /* FACTS_NO_ID: not known */
        char *texts[FACT_COUNT];      /* NULL: not known */
};

/* The event's member, the template's field, and the column: "title"; "customer_id". */
const char *fact_name(enum fact fact);
const char *party_member(enum party party);
const char *party_role(enum party party);

void facts_init(struct request_facts *facts, int64_t request_id);
void facts_clear(struct request_facts *facts);

/* Adds what the event tells; what it does not tell stays as it is. True when that changed something. Memory that is short loses a text, no more. */
bool facts_learn(struct request_facts *facts, const struct pawl_event *ev);

/* Whether the request's own event was read. */
bool facts_complete(const struct request_facts *facts);

/* For the store's design: an upgrade of its first table, and the statements; `statement` below is the first one's place. */
#define FACTS_MIGRATION                                                                                                \
        "ALTER TABLE requests ADD COLUMN manager_id INTEGER; ALTER TABLE requests ADD COLUMN contractor_id INTEGER;"   \
        "ALTER TABLE requests ADD COLUMN description TEXT; ALTER TABLE requests ADD COLUMN equipment_type TEXT;"
/* Another instance may have learned something else meanwhile: what is not known here stays. */
#define FACTS_LATER(column) column " = coalesce(excluded." column ", " column ")"
#define FACTS_STATEMENTS                                                                                                                                                                                                       \
        "INSERT INTO requests (request_id, customer_id, manager_id, contractor_id, title, description, region, city,"                                                                                                          \
        " address, urgency, equipment_type) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET " FACTS_LATER("customer_id") ", " FACTS_LATER("manager_id") ", " FACTS_LATER("contractor_id") ", " FACTS_LATER( \
            "title") ", " FACTS_LATER("description") ", " FACTS_LATER("region") ", " FACTS_LATER("city") ", " FACTS_LATER("address") ", " FACTS_LATER("urgency") ", " FACTS_LATER("equipment_type"),                           \
            "SELECT customer_id, manager_id, contractor_id, title, description, region, city, address, urgency,"                                                                                                               \
            " equipment_type FROM requests WHERE request_id = ?"
#define FACTS_STATEMENT_COUNT 2

/* As the functions of common/db.h. */
bool facts_put(struct db *db, int statement, const struct request_facts *facts);

/* What is remembered of facts->request_id, put into facts; *found is false when nothing is. */
bool facts_get(struct db *db, int statement, struct request_facts *facts, bool *found);

#endif

/*
 * A person who can be written to: what the directory's file may hold of him, column by column, and what each must look like.
 *
 * A region's mailbox and a fixed address are persons too, with PERSON_NOBODY as their id.
 */
#ifndef NOTIFICATIONS_PERSON_H
#define NOTIFICATIONS_PERSON_H

#include "faults.h"

#include <stdbool.h>
#include <stdint.h>

enum person_value {
        PERSON_ROLE,
        PERSON_NAME,
        PERSON_EMAIL,
        PERSON_TELEGRAM_CHAT_ID,
        PERSON_TELEGRAM_USERNAME,
        PERSON_PHONE,
        PERSON_LANGUAGE,
        PERSON_CHANNELS, /* in the order he prefers: "telegram email" */
        PERSON_QUIET_FROM,
        PERSON_QUIET_TO,
        PERSON_TIME_ZONE,
        PERSON_REGION,       /* of a manager: whose requests he looks after */
        PERSON_UNSUBSCRIBED, /* "yes": wants nothing but what concerns him directly */
        PERSON_VALUES
};

#define PERSON_NOBODY (-1)

struct person {
        int64_t id;
        char *values[PERSON_VALUES]; /* "" where nothing is known; never NULL in a whole person */
};

/* "role", "name", …: the column in the file and in the database. */
const char *person_column(enum person_value value);

/* All columns, with the id: "id, role, name, …". */
const char *person_columns(void);

/* Sets one value to a copy. False: memory. */
bool person_set(struct person *person, enum person_value value, const char *text);

/*
 * Checks what is set, makes what is not set empty. Each fault is added, as "WHERE: COLUMN: expected …, found …". False when there is one,
 * or no memory.
 */
bool person_check(struct person *person, const char *where, struct faults *faults);

/* The address on a channel; "": none. */
const char *person_address(const struct person *person, int channel);

void person_clear(struct person *person);

#endif

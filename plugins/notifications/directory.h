/*
 * The directory: everybody who can be written to, in a SQLite file of its own (recipients.db). People are known by role and id, as the
 * events name them.
 *
 * One thread at a time for each object; handlers and commands have one each, on the same file. Calls return PAWL_OK or what a handler should
 * return for their failure, as the store's do (store.h).
 */
#ifndef NOTIFICATIONS_DIRECTORY_H
#define NOTIFICATIONS_DIRECTORY_H

#include "person.h"

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>

struct directory;

struct people {
        struct person *list;
        size_t count, room;
};

/* Takes the person over. False: memory, and he is cleared. */
bool people_add(struct people *people, struct person *person);
void people_clear(struct people *people);

bool directory_check(const char *path, char *error, size_t error_size);
struct directory *directory_open(const char *path, char *error, size_t error_size, pawl_result *result);
void directory_close(struct directory **directory);
const char *directory_error(const struct directory *directory);

/* Found: person is to be cleared. */
pawl_result directory_find(struct directory *directory, const char *role, int64_t id, struct person *person,
                           bool *found);

/* Adds the people of a role and a region, in the order of their ids. */
pawl_result directory_of_region(struct directory *directory, const char *role, const char *region,
                                struct people *people);

/* Adds all people by role and id; of one id where it is not PERSON_NOBODY. */
pawl_result directory_list(struct directory *directory, int64_t id, struct people *people);

struct directory_change {
        int64_t added, changed, same, removed;
};

#define DIRECTORY_REPLACE 0x1u /* who is not among the people is removed */
#define DIRECTORY_DRY_RUN 0x2u /* only `change` is found out */

/*
 * Writes the people, all or none. `source` and `state` (may be NULL): what they came from, and a text that tells its versions apart; when
 * the directory has had exactly that before, nothing is done.
 */
pawl_result directory_put(struct directory *directory, const struct people *people, unsigned flags, const char *source,
                          const char *state, struct directory_change *change);

#endif

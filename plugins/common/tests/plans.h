/*
 * Holds a plugin's statements to the promise that none of them grows slower with the years.
 */
#ifndef PLUGINS_COMMON_TESTS_PLANS_H
#define PLUGINS_COMMON_TESTS_PLANS_H

#include "common/db.h"

/* Every statement of the design finds its rows by an index, but in the tables (or queries WITH a name) of `small`, which stay so; it ends with NULL. */
void plans_expect_indexed(const struct db_design *design, const char *const *small);

#endif

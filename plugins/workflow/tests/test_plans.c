/* How SQLite carries out the plugin's statements. */
#include "schema.h"

#include "common/tests/plans.h"

#include <criterion/criterion.h>

/* There are as many managers as the organisation has. */
static const char *const small[] = {"manager", NULL};

Test(plans, no_statement_reads_all_requests_or_all_of_a_history)
{
        plans_expect_indexed(&workflow_design, small);
}

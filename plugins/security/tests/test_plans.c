/* How SQLite carries out the plugin's statements. */
#include "store.h"

#include "common/tests/plans.h"

#include <criterion/criterion.h>

/* Found one by one, by the index. */
static const char *const small[] = {"contractor", NULL};

Test(plans, no_statement_reads_all_of_a_table)
{
        plans_expect_indexed(&store_design, small);
}

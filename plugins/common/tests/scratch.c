#include "common/tests/scratch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static char scratch_dir[64];

void scratch_make(void)
{
        snprintf(scratch_dir, sizeof scratch_dir, "/tmp/pawl-plugin-test-XXXXXX");
        cr_assert_not_null(mkdtemp(scratch_dir));
}

void scratch_remove(void)
{
        char command[128];

        snprintf(command, sizeof command, "rm -rf '%s'", scratch_dir);
        cr_assert_eq(system(command), 0);
}

const char *scratch_path(const char *name)
{
        static char paths[4][128];
        static unsigned next;
        char *path = paths[next++ % 4];

        cr_assert_neq(scratch_dir[0], '\0');
        snprintf(path, sizeof paths[0], "%s/%s", scratch_dir, name);
        return path;
}

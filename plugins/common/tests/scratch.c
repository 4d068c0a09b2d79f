#include "common/tests/scratch.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

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

void scratch_limit_files(unsigned long size)
{
        struct rlimit limit;

        /* Without this the first write beyond the limit is a signal, and not an error. */
        signal(SIGXFSZ, SIG_IGN);
        cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
        limit.rlim_cur = size > 0 ? size : limit.rlim_max;
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

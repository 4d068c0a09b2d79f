#include "master/generation.h"

#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct generation *read_files(const char *path, struct config_errors *errors,
                                     struct config *parse(const struct config_bundle *bundle,
                                                          struct config_errors *errors))
{
        struct config_bundle *bundle = config_bundle_read(path, environ, errors);
        struct generation *generation = memory_zero(1, sizeof *generation);
        struct pawl_error err = {0};

        generation->references = 1;
        generation->bundle_fd = -1;
        if (bundle != NULL)
                generation->cfg = parse(bundle, errors);
        if (generation->cfg != NULL) {
                generation->bundle_fd = config_bundle_to_fd(bundle, &err);
                if (generation->bundle_fd < 0)
                        config_error(errors, NULL, 0, "%s", err.text);
        }
        config_bundle_free(&bundle);
        if (generation->bundle_fd < 0)
                generation_release(&generation);
        return generation;
}

struct generation *generation_read(const char *path, struct config_errors *errors)
{
        return read_files(path, errors, config_parse);
}

struct generation *generation_read_for_check(const char *path, struct config_errors *errors)
{
        return read_files(path, errors, config_parse_for_check);
}

void generation_print_problems(struct config_errors *errors)
{
        struct buf text = {0};

        config_errors_print(errors, &text);
        if (text.len > 0)
                fputs(text.data, stderr);
        buf_free(&text);
}

struct generation *generation_read_printed(const char *config_file)
{
        struct config_errors errors = {0};
        struct generation *generation = generation_read(config_file, &errors);

        generation_print_problems(&errors);
        config_errors_free(&errors);
        return generation;
}

struct generation *generation_hold(struct generation *generation)
{
        generation->references++;
        return generation;
}

void generation_release(struct generation **generation)
{
        struct generation *g = *generation;

        *generation = NULL;
        if (g == NULL)
                return;
        assert(g->references > 0);
        if (--g->references > 0)
                return;
        config_free(&g->cfg);
        if (g->bundle_fd >= 0)
                close(g->bundle_fd);
        free(g);
}

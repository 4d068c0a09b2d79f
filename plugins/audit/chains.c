#include "chains.h"

#include "common/command.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_chain(const struct dirent *file)
{
        size_t len = strlen(file->d_name);

        return len > 3 && strncmp(file->d_name, "audit", 5) == 0 && strcmp(file->d_name + len - 3, ".db") == 0;
}

int32_t chains_each(struct pawl_ctx *ctx, chains_each_fn *each, void *arg)
{
        const char *dir = pawl_about_state_dir(ctx->instance).ptr;
        int32_t worst = COMMAND_OK;
        struct dirent **files = NULL;
        int count = scandir(dir, &files, is_chain, alphasort);

        if (count == 0)
                command_reply(ctx, "no chain in %s yet\n", dir);
        if (count < 0) {
                command_reply(ctx, "%s: %s\n", dir, strerror(errno));
                return COMMAND_FAILED;
        }
        for (int i = 0; i < count; i++) {
                char path[4096];
                int32_t status = COMMAND_FAILED;

                if (snprintf(path, sizeof path, "%s/%s", dir, files[i]->d_name) < (int)sizeof path)
                        status = each(ctx, path, arg);
                worst = status > worst ? status : worst;
                free(files[i]);
        }
        free(files);
        return worst;
}

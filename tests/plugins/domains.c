#include "domains.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *const domains[DOMAINS] = {"audit", "workflow", "notifications", "security", "hr", "gateway"};

static char *read_sample(const char *name)
{
        char *path = memory_printf("%s/plugins/%s/%s.conf", getenv("PAWL_SOURCE"), name, name);
        FILE *file = fopen(path, "re");
        struct buf text = {0};
        size_t n;

        cr_assert_not_null(file, "%s", path);
        while ((n = fread(buf_reserve(&text, 4096), 1, 4096, file)) > 0)
                buf_end(&text, n);
        fclose(file);
        free(path);
        return buf_take(&text, NULL);
}

/* Writes `text` to `out` with each match of the pattern replaced. */
static void replace(struct buf *out, const char *text, const char *pattern, const char *by)
{
        regmatch_t match;
        regex_t regex;

        cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED), 0);
        while (regexec(&regex, text, 1, &match, 0) == 0) {
                buf_add(out, text, (size_t)match.rm_so);
                buf_add_text(out, by);
                text += match.rm_eo;
        }
        buf_add_text(out, text);
        regfree(&regex);
}

/* What stands within `settings = { … };`, the paths as from plugins.d, the peers' addresses nobody's. */
static char *settings_of(const char *name)
{
        char *sample = read_sample(name), *begin = strstr(sample, "\nsettings = {"), *folder;
        struct buf local = {0}, whole = {0};

        if (begin == NULL) {
                free(sample);
                return NULL;
        }
        *strrchr(begin, '}') = '\0';
        replace(&local, strchr(begin, '{') + 1, "https?://[^\"]*", "http://127.0.0.1:9");
        folder = memory_printf("\"%s/plugins/", getenv("PAWL_SOURCE"));
        replace(&whole, local.data, "\"\\.\\./", folder);
        free(folder);
        free(sample);
        buf_free(&local);
        return buf_take(&whole, NULL);
}

static int listening_socket(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0);
        return fd;
}

struct testhost *domain_open(const char *name)
{
        const struct testhost_socket socket = {"http", listening_socket()};
        char *so = memory_printf("%s/plugins/%s.so", getenv("PAWL_BUILD"), name);
        char *settings = settings_of(name);
        struct pawl_error err;
        struct testhost *h = testhost_open(&(struct testhost_options){.so = so,
                                                                      .settings = settings,
                                                                      .name = name,
                                                                      .sockets = &socket,
                                                                      .socket_count = 1},
                                           &err);

        cr_assert_not_null(h, "%s: %s", name, err.text);
        close(socket.fd);
        free(settings);
        free(so);
        return h;
}

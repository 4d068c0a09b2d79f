#include "domains.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* For LeakSanitizer: fontconfig, by which hr finds its fonts, keeps what it has read until the process ends. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
        return "leak:libfontconfig\n";
}

static void must(bool ok, const char *what)
{
        if (!ok) {
                perror(what);
                exit(1);
        }
}

static char *read_sample(const char *name)
{
        char *path = memory_printf("%s/plugins/%s/%s.conf", getenv("PAWL_SOURCE"), name, name);
        FILE *file = fopen(path, "re");
        struct buf text = {0};
        size_t n;

        must(file != NULL, path);
        while ((n = fread(buf_reserve(&text, 4096), 1, 4096, file)) > 0)
                buf_end(&text, n);
        fclose(file);
        free(path);
        return buf_take(&text, NULL);
}

/* The text, which is freed, with each match of the pattern replaced. */
static char *replaced(char *text, const char *pattern, const char *by)
{
        const char *rest = text;
        struct buf out = {0};
        regmatch_t match;
        regex_t regex;

        must(regcomp(&regex, pattern, REG_EXTENDED) == 0, pattern);
        while (regexec(&regex, rest, 1, &match, 0) == 0) {
                buf_add(&out, rest, (size_t)match.rm_so);
                buf_add_text(&out, by);
                rest += match.rm_eo;
        }
        buf_add_text(&out, rest);
        regfree(&regex);
        free(text);
        return buf_take(&out, NULL);
}

/* What the samples leave out: channels, and deadlines that are missed at once by what comes too late. */
static char *with_more(const char *name, char *settings, const char *port)
{
        char *whole;

        if (strcmp(name, "notifications") == 0)
                whole = memory_printf("%s telegram = { base_url = \"http://127.0.0.1:%s\"; token = \"t\"; };"
                                      "sms = { url = \"http://127.0.0.1:%s/sms\"; };",
                                      settings, port, port);
        else if (strcmp(name, "workflow") == 0)
                whole = memory_printf("%s deadline_grace = \"0s\";", settings);
        else
                return settings;
        free(settings);
        return whole;
}

/* What stands within `settings = { … };`, with paths as from where the sample is installed, and the peers' addresses. */
static char *settings_of(const char *name, const struct domain_peers *peers)
{
        const char *smtp = peers->smtp_port != NULL ? peers->smtp_port : "9";
        const char *http = peers->http_port != NULL ? peers->http_port : "9";
        char *sample = read_sample(name), *begin = strstr(sample, "\nsettings = {"), *inner, *path;

        if (begin == NULL) {
                free(sample);
                return NULL;
        }
        *strrchr(begin, '}') = '\0';
        inner = memory_string(strchr(begin, '{') + 1);
        free(sample);
        path = memory_printf("smtp://127.0.0.1:%s", smtp);
        inner = replaced(inner, "smtps?://[^\"]*", path);
        free(path);
        path = memory_printf("\"%s/plugins/", getenv("PAWL_SOURCE"));
        inner = replaced(inner, "\"\\.\\./", path);
        free(path);
        path = peers->tokens != NULL ? memory_string(peers->tokens)
                                     : memory_printf("%s/plugins/gateway/gateway.tokens", getenv("PAWL_SOURCE"));
        inner = replaced(inner, "[^\"]*gateway\\.tokens", path);
        free(path);
        return with_more(name, inner, http);
}

static int listening_socket(uint16_t *port)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        socklen_t len = sizeof address;

        must(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0 &&
                 getsockname(fd, (struct sockaddr *)&address, &len) == 0,
             "a listening socket");
        if (port != NULL)
                *port = ntohs(address.sin_port);
        return fd;
}

struct testhost *domain_open(const char *name, const struct domain_peers *peers, uint16_t *http_port)
{
        static const struct domain_peers nobody = {.smtp_port = NULL};
        const struct testhost_socket http = {"http", listening_socket(http_port)};
        char *so = memory_printf("%s/plugins/%s.so", getenv("PAWL_BUILD"), name);
        char *settings = settings_of(name, peers != NULL ? peers : &nobody);
        struct pawl_error err;
        struct testhost *h = testhost_open(&(struct testhost_options){.so = so,
                                                                      .settings = settings,
                                                                      .name = name,
                                                                      .sockets = &http,
                                                                      .socket_count = 1},
                                           &err);

        if (h == NULL) {
                fprintf(stderr, "%s: %s\n", name, err.text);
                exit(1);
        }
        close(http.fd);
        free(settings);
        free(so);
        return h;
}

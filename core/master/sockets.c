#include "master/sockets.h"

#include "base/memory.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512

static int fail(int fd, const char *what, const char *where, struct pawl_error *err)
{
        error_set(err, "%s: %s: %s", where, what, strerror(errno));
        if (fd >= 0)
                close(fd);
        return -1;
}

int sockets_tcp(const char *host, int port, struct pawl_error *err)
{
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                       .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
        struct addrinfo *found = NULL;
        const int on = 1;
        char where[300], service[16];
        int fd, status;

        if (host != NULL && strcmp(host, "localhost") == 0)
                host = "127.0.0.1";
        if (host == NULL || host[0] == '\0' || strcmp(host, "*") == 0)
                host = "0.0.0.0";
        snprintf(where, sizeof where, "%s:%d", host, port);
        snprintf(service, sizeof service, "%d", port);
        status = getaddrinfo(host, service, &hints, &found);
        if (status != 0) {
                error_set(err, "%s: expected a numeric address or localhost: %s", where, gai_strerror(status));
                return -1;
        }
        fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                fail(fd, "socket", where, err);
        else if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
                 bind(fd, found->ai_addr, found->ai_addrlen) != 0)
                fd = fail(fd, "cannot bind", where, err);
        else if (listen(fd, BACKLOG) != 0)
                fd = fail(fd, "cannot listen", where, err);
        freeaddrinfo(found);
        return fd;
}

/* True if a socket file stands there that nobody serves. */
static bool is_stale(const struct sockaddr_un *address)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct stat st;
        bool stale;

        /* connect() refuses a plain file with the same error. */
        stale = stat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode);
        stale = stale && fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
                errno == ECONNREFUSED;
        if (fd >= 0)
                close(fd);
        return stale;
}

int sockets_unix(const char *path, unsigned mode, struct pawl_error *err)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd, status;

        if (strlen(path) >= sizeof address.sun_path) {
                error_set(err, "%s: expected a path of at most %zu bytes for a unix socket, found %zu", path,
                          sizeof address.sun_path - 1, strlen(path));
                return -1;
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return fail(fd, "socket", path, err);
        /* The mode holds from the moment the name exists. */
        fchmod(fd, mode);
        status = bind(fd, (const struct sockaddr *)&address, sizeof address);
        if (status != 0 && errno == EADDRINUSE && is_stale(&address) && unlink(path) == 0)
                status = bind(fd, (const struct sockaddr *)&address, sizeof address);
        if (status != 0)
                return fail(fd, "cannot bind", path, err);
        if (chmod(path, mode) != 0 || listen(fd, BACKLOG) != 0)
                return fail(fd, "cannot listen", path, err);
        return fd;
}

int sockets_take(struct sockets *sockets, const char *address, const char *host, int port, struct pawl_error *err)
{
        int fd;

        for (size_t i = 0; i < sockets->count; i++)
                if (strcmp(sockets->entries[i].address, address) == 0)
                        return sockets->entries[i].fd;
        fd = host != NULL ? sockets_tcp(host, port, err) : sockets_unix(address, 0660, err);
        if (fd < 0)
                return -1;
        sockets->entries = memory_resize(sockets->entries, sockets->count + 1, sizeof *sockets->entries);
        sockets->entries[sockets->count++] = (struct sockets_entry){.address = memory_string(address), .fd = fd};
        return fd;
}

void sockets_sweep_begin(struct sockets *sockets)
{
        for (size_t i = 0; i < sockets->count; i++)
                sockets->entries[i].wanted = false;
}

void sockets_sweep_want(struct sockets *sockets, const char *address)
{
        for (size_t i = 0; i < sockets->count; i++)
                if (strcmp(sockets->entries[i].address, address) == 0)
                        sockets->entries[i].wanted = true;
}

void sockets_sweep_end(struct sockets *sockets)
{
        size_t kept = 0;

        for (size_t i = 0; i < sockets->count; i++) {
                struct sockets_entry *entry = &sockets->entries[i];

                if (entry->wanted) {
                        sockets->entries[kept++] = *entry;
                        continue;
                }
                close(entry->fd);
                if (entry->address[0] == '/')
                        unlink(entry->address);
                free(entry->address);
        }
        sockets->count = kept;
}

void sockets_clear(struct sockets *sockets)
{
        sockets_sweep_begin(sockets);
        sockets_sweep_end(sockets);
        free(sockets->entries);
        *sockets = (struct sockets){0};
}

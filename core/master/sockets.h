/*
 * Listening sockets: the master binds them and every worker of a plugin gets the same ones, so that connections wait in the
 * backlog while a worker is replaced. Kept by address for as long as some plugin that runs names it. Main thread.
 */
#ifndef PAWL_MASTER_SOCKETS_H
#define PAWL_MASTER_SOCKETS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct sockets_entry {
        char *address;
        int fd;
        bool wanted; /* by the sweep that is under way */
};

struct sockets {
        struct sockets_entry *entries;
        size_t count;
};

/* Binds and listens, non-blocking and close-on-exec; -1 on error. `host` NULL, "" or "*": every address; a number or "localhost", never
 * a name that would have to be asked for. */
int sockets_tcp(const char *host, int port, struct pawl_error *err);

/* The same for a unix socket. One that nobody listens on any more is replaced; another daemon's is an error. */
int sockets_unix(const char *path, unsigned mode, struct pawl_error *err);

/* The socket of that address, bound now if it is not yet; -1 on error. It stays the table's. `host` NULL: `address` is a path. */
int sockets_take(struct sockets *sockets, const char *address, const char *host, int port, struct pawl_error *err);

/* Closes what is not named between begin and end. */
void sockets_sweep_begin(struct sockets *sockets);
void sockets_sweep_want(struct sockets *sockets, const char *address);
void sockets_sweep_end(struct sockets *sockets);

void sockets_clear(struct sockets *sockets);

#endif

/*
 * The control channel between the master and one worker: JSON objects, one a datagram, with file descriptors beside them.
 * A SOCK_SEQPACKET socket, never blocking: who owns the channel polls channel_fd() in its loop. One thread (the main thread of
 * its process). The other side may be a crashed or hostile worker: what it sends is checked before anybody sees it.
 */
#ifndef PAWL_BASE_CHANNEL_H
#define PAWL_BASE_CHANNEL_H

#include "base/error.h"

#include <jansson.h>

#define CHANNEL_MESSAGE_MAX 65536 /* bytes of JSON; what is larger travels as a memfd */
#define CHANNEL_FDS_MAX     16

enum channel_status {
        CHANNEL_OK,
        CHANNEL_AGAIN,  /* nothing to receive now; or the other side is behind and the message was not sent */
        CHANNEL_CLOSED, /* the other side is gone */
        CHANNEL_ERROR,  /* err says what; a malformed message is dropped whole, and the channel can be used on */
};

struct channel;

struct channel_message {
        json_t *json; /* an object */
        int fds[CHANNEL_FDS_MAX];
        unsigned fd_count;
};

/* Two connected sockets, close-on-exec and non-blocking. */
bool channel_pair(int fds[2], struct pawl_error *err);

/* Takes the descriptor over. NULL if it is no SOCK_SEQPACKET socket (the descriptor stays the caller's). */
struct channel *channel_open(int fd, struct pawl_error *err);
void channel_close(struct channel **ch);
int channel_fd(const struct channel *ch);

/* Sends one object; borrows `message` and the descriptors (the receiver gets copies). */
enum channel_status channel_send(struct channel *ch, const json_t *message, const int *fds, unsigned fd_count,
                                 struct pawl_error *err);

/* Sends what json_pack(fmt, …) makes. */
enum channel_status channel_sendf(struct channel *ch, struct pawl_error *err, const char *fmt, ...);

/* Receives one message. On CHANNEL_OK it is the caller's, to be given back with channel_message_clear. The descriptors are
 * close-on-exec; one that the caller keeps it takes out of the array by setting it to -1. */
enum channel_status channel_receive(struct channel *ch, struct channel_message *message, struct pawl_error *err);
void channel_message_clear(struct channel_message *message);

/* A memfd that holds these bytes, sealed against every change; -1 on error. For what is larger than a message. */
int channel_memfd(const char *name, const void *bytes, size_t len, struct pawl_error *err);

/* The whole content of such a descriptor, at most `max` bytes, in malloc'ed memory with a NUL behind; NULL on error. */
char *channel_memfd_read(int fd, size_t max, size_t *len, struct pawl_error *err);

#endif

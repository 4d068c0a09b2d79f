#include "base/channel.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHANNEL_MAGIC 0xc4a77e1u
#define DEPTH_MAX     32 /* of a message's arrays and objects */

struct channel {
        unsigned magic;
        int fd;
        char *in; /* CHANNEL_MESSAGE_MAX bytes, so that no message needs an allocation of the sender's choice */
};

bool channel_pair(int fds[2], struct pawl_error *err)
{
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0)
                return true;
        return error_set(err, "control channel: socketpair: %s", strerror(errno));
}

struct channel *channel_open(int fd, struct pawl_error *err)
{
        int type = 0, flags;
        socklen_t len = sizeof type;
        struct channel *ch;

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_SEQPACKET) {
                error_set(err, "control channel: expected a SOCK_SEQPACKET socket as descriptor %d, found %s", fd,
                          type == 0 ? strerror(errno) : "a socket of another type");
                return NULL;
        }
        flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
                error_set(err, "control channel: fcntl of descriptor %d: %s", fd, strerror(errno));
                return NULL;
        }
        ch = memory_zero(1, sizeof *ch);
        ch->magic = CHANNEL_MAGIC;
        ch->fd = fd;
        ch->in = memory_zero(CHANNEL_MESSAGE_MAX, 1);
        return ch;
}

void channel_close(struct channel **ch)
{
        struct channel *c = *ch;

        *ch = NULL;
        if (c == NULL)
                return;
        assert(c->magic == CHANNEL_MAGIC);
        c->magic = 0;
        close(c->fd);
        free(c->in);
        free(c);
}

int channel_fd(const struct channel *ch)
{
        return ch->fd;
}

/* Room for the descriptors of one message, aligned as the kernel wants it. */
union control {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * CHANNEL_FDS_MAX)];
};

static enum channel_status send_text(struct channel *ch, const char *text, size_t len, const int *fds,
                                     unsigned fd_count, struct pawl_error *err)
{
        union control control = {0};
        struct iovec iov = {.iov_base = (void *)(uintptr_t)text, .iov_len = len};
        struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
        ssize_t n;

        if (fd_count > 0) {
                struct cmsghdr *c = &control.align;

                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
                memcpy(CMSG_DATA(c), fds, sizeof(int) * fd_count);
                msg.msg_control = control.bytes;
                msg.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        }
        do
                n = sendmsg(ch->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        if (n >= 0)
                return CHANNEL_OK;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
                error_set(err, "control channel: the other side does not read; the message was not sent");
                return CHANNEL_AGAIN;
        }
        error_set(err, "control channel: sendmsg: %s", strerror(errno));
        return errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN ? CHANNEL_CLOSED : CHANNEL_ERROR;
}

enum channel_status channel_send(struct channel *ch, const json_t *message, const int *fds, unsigned fd_count,
                                 struct pawl_error *err)
{
        enum channel_status status;
        char *text;
        size_t len;

        assert(ch->magic == CHANNEL_MAGIC && json_is_object(message) && fd_count <= CHANNEL_FDS_MAX);
        text = json_dumps(message, JSON_COMPACT);
        if (text == NULL) {
                error_set(err, "control channel: the message cannot be written as JSON");
                return CHANNEL_ERROR;
        }
        len = strlen(text);
        if (len > CHANNEL_MESSAGE_MAX) {
                error_set(err, "control channel: expected a message of at most %d bytes, found %zu",
                          CHANNEL_MESSAGE_MAX, len);
                status = CHANNEL_ERROR;
        } else {
                status = send_text(ch, text, len, fds, fd_count, err);
        }
        free(text);
        return status;
}

enum channel_status channel_sendf(struct channel *ch, struct pawl_error *err, const char *fmt, ...)
{
        enum channel_status status;
        json_error_t why;
        json_t *message;
        va_list ap;

        va_start(ap, fmt);
        message = json_vpack_ex(&why, 0, fmt, ap);
        va_end(ap);
        if (!json_is_object(message)) {
                json_decref(message);
                error_set(err, "control channel: the message \"%s\" cannot be made: %s", fmt, why.text);
                return CHANNEL_ERROR;
        }
        status = channel_send(ch, message, NULL, 0, err);
        json_decref(message);
        return status;
}

static void take_descriptors(struct msghdr *msg, struct channel_message *message)
{
        for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
                size_t count;

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                for (size_t i = 0; i < count; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
                        if (message->fd_count < CHANNEL_FDS_MAX)
                                message->fds[message->fd_count++] = fd;
                        else
                                close(fd);
                }
        }
}

static enum channel_status parse_message(const char *text, size_t len, struct channel_message *message,
                                         struct pawl_error *err)
{
        json_error_t why;

        if (!text_json_depth_ok(text, len, DEPTH_MAX)) {
                error_set(err, "control channel: expected JSON nested at most 32 deep, found deeper");
                return CHANNEL_ERROR;
        }
        message->json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
        if (message->json == NULL) {
                error_set(err, "control channel: expected a JSON object, found at byte %d: %s", why.position, why.text);
                return CHANNEL_ERROR;
        }
        if (!json_is_object(message->json)) {
                error_set(err, "control channel: expected a JSON object, found another JSON value");
                return CHANNEL_ERROR;
        }
        return CHANNEL_OK;
}

enum channel_status channel_receive(struct channel *ch, struct channel_message *message, struct pawl_error *err)
{
        union control control;
        struct iovec iov = {.iov_base = ch->in, .iov_len = CHANNEL_MESSAGE_MAX};
        struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes};
        enum channel_status status;
        ssize_t n;

        assert(ch->magic == CHANNEL_MAGIC);
        *message = (struct channel_message){0};
        do {
                msg.msg_controllen = sizeof control.bytes;
                n = recvmsg(ch->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        } while (n < 0 && errno == EINTR);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                return CHANNEL_AGAIN;
        if (n < 0 && errno != ECONNRESET) {
                error_set(err, "control channel: recvmsg: %s", strerror(errno));
                return CHANNEL_ERROR;
        }
        if (n <= 0) {
                error_set(err, "control channel: closed by the other side");
                return CHANNEL_CLOSED;
        }
        take_descriptors(&msg, message);
        if (msg.msg_flags & MSG_TRUNC) {
                error_set(err, "control channel: expected a message of at most %d bytes, found a larger one",
                          CHANNEL_MESSAGE_MAX);
                status = CHANNEL_ERROR;
        } else if (msg.msg_flags & MSG_CTRUNC) {
                error_set(err, "control channel: descriptors of a message were lost (more than %d, or none free here)",
                          CHANNEL_FDS_MAX);
                status = CHANNEL_ERROR;
        } else {
                status = parse_message(ch->in, (size_t)n, message, err);
        }
        if (status != CHANNEL_OK)
                channel_message_clear(message);
        return status;
}

void channel_message_clear(struct channel_message *message)
{
        for (unsigned i = 0; i < message->fd_count; i++)
                if (message->fds[i] >= 0)
                        close(message->fds[i]);
        json_decref(message->json);
        *message = (struct channel_message){0};
}

int channel_memfd(const char *name, const void *bytes, size_t len, struct pawl_error *err)
{
        const char *at = bytes;
        int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

        if (fd < 0) {
                error_set(err, "memfd %s: %s", name, strerror(errno));
                return -1;
        }
        while (len > 0) {
                ssize_t n = write(fd, at, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        goto fail;
                at += n;
                len -= (size_t)n;
        }
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
                return fd;
fail:
        error_set(err, "memfd %s: %s", name, strerror(errno));
        close(fd);
        return -1;
}

char *channel_memfd_read(int fd, size_t max, size_t *len, struct pawl_error *err)
{
        struct buf text = {0};
        struct stat st;

        if (fstat(fd, &st) != 0) {
                error_set(err, "descriptor %d: %s", fd, strerror(errno));
                return NULL;
        }
        if (st.st_size < 0 || (uint64_t)st.st_size > max) {
                error_set(err, "descriptor %d: expected at most %zu bytes, found %lld", fd, max, (long long)st.st_size);
                return NULL;
        }
        /* With pread: the offset of a passed descriptor is shared with who sent it. */
        while (text.len < (size_t)st.st_size) {
                ssize_t n = pread(fd, buf_reserve(&text, (size_t)st.st_size - text.len), (size_t)st.st_size - text.len,
                                  (off_t)text.len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0) {
                        error_set(err, "descriptor %d: expected %lld bytes, found %zu", fd, (long long)st.st_size,
                                  text.len);
                        buf_free(&text);
                        return NULL;
                }
                buf_end(&text, (size_t)n);
        }
        return buf_take(&text, len);
}

#include "base/log_room.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a line may wait for a reader that is only slow. Once that was in vain, no line waits until one gets through. */
enum { PATIENCE_MS = 20 };

static struct {
        int fd;
        bool socket;         /* journald's: send, since a socket cannot be opened anew */
        bool may_block;      /* the descriptor is shared in blocking mode: ask before each write */
        bool stuck;          /* the last attempt found no reader */
        uint64_t dropped;    /* lines since, not yet said */
        char tail[PIPE_BUF]; /* rest of a line that was written in part */
        size_t tail_len;
} output = {.fd = STDERR_FILENO, .may_block = true};

/*
 * stderr is often shared with other processes (a shell, the master, other workers), and O_NONBLOCK belongs to the shared
 * description: setting it there would change theirs. Opening the pipe or terminal once more gives a description of our own.
 */
void log_output_open(void)
{
        struct stat st;
        int fd;

        if (fstat(STDERR_FILENO, &st) != 0)
                return;
        if (S_ISSOCK(st.st_mode)) {
                output.socket = true;
                output.may_block = false;
                return;
        }
        if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode)) {
                output.may_block = false; /* a file: its writes end */
                return;
        }
        fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return;
        if (output.fd != STDERR_FILENO)
                close(output.fd);
        output.fd = fd;
        output.may_block = false;
}

bool log_output_is_terminal(void)
{
        return isatty(STDERR_FILENO) == 1;
}

/* Whether there is room now, or within the patience that is left. */
static bool wait_for_room(void)
{
        struct pollfd p = {.fd = output.fd, .events = POLLOUT};

        return poll(&p, 1, output.stuck ? 0 : PATIENCE_MS) == 1 && (p.revents & (POLLOUT | POLLERR | POLLHUP));
}

/* Returns how many bytes went out. */
static size_t write_some(const char *data, size_t len)
{
        size_t done = 0;
        unsigned refused = 0; /* poll and write need not agree for ever */

        while (done < len) {
                ssize_t n;

                if (output.may_block && !wait_for_room())
                        break;
                n = output.socket ? send(output.fd, data + done, len - done, MSG_DONTWAIT | MSG_NOSIGNAL)
                                  : write(output.fd, data + done, len - done);
                if (n > 0)
                        done += (size_t)n;
                else if (n < 0 && errno == EINTR)
                        continue;
                else if (n < 0 && errno == EAGAIN && refused++ < 4 && wait_for_room())
                        continue;
                else
                        break;
        }
        output.stuck = done < len;
        return done;
}

static bool flush_tail(void)
{
        size_t n = write_some(output.tail, output.tail_len);

        memmove(output.tail, output.tail + n, output.tail_len - n);
        output.tail_len -= n;
        return output.tail_len == 0;
}

void log_output(const struct log_out *out)
{
        size_t n = 0;

        if (output.tail_len == 0 || flush_tail())
                n = write_some(out->data, out->len);
        if (n == 0) {
                output.dropped++;
                return;
        }
        output.tail_len = out->len - n;
        memcpy(output.tail, out->data + n, output.tail_len);
}

uint64_t log_output_dropped(void)
{
        return output.dropped;
}

bool log_output_ready(void)
{
        struct pollfd p = {.fd = output.fd, .events = POLLOUT};

        return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

void log_output_said(uint64_t dropped)
{
        output.dropped -= dropped;
}

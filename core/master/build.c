#include "master/build.h"

#include "base/buf.h"
#include "base/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (256 * 1024 * 1024) /* the plugin room's limit */

static bool read_all(const char *path, struct buf *bytes, struct pawl_error *err)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a fifo of that name must not stop the master */
        bool ok = false;
        struct stat st;
        ssize_t n;

        if (fd < 0 || fstat(fd, &st) != 0) {
                error_set(err, "%s: %s", path, strerror(errno));
                goto out;
        }
        if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
                error_set(err, "%s: expected a file of at most %d MiB, found %s", path, FILE_MAX / 1024 / 1024,
                          S_ISREG(st.st_mode) ? "a larger one" : "something that is no file");
                goto out;
        }
        while ((n = read(fd, buf_reserve(bytes, 65536), 65536)) > 0 && bytes->len <= FILE_MAX)
                buf_end(bytes, (size_t)n);
        ok = n == 0;
        if (!ok)
                error_set(err, "%s: %s", path, n < 0 ? strerror(errno) : "grows while it is read");
out:
        if (fd >= 0)
                close(fd);
        return ok;
}

bool build_read(struct build *build, const char *path, struct pawl_error *err)
{
        unsigned char digest[SHA256_DIGEST_LENGTH];
        struct buf bytes = {0};
        bool ok;

        *build = (struct build){.fd = -1};
        ok = read_all(path, &bytes, err);
        if (ok) {
                build->fd = channel_memfd("pawl-plugin", bytes.data != NULL ? bytes.data : "", bytes.len, err);
                ok = build->fd >= 0;
        }
        if (ok) {
                SHA256((const unsigned char *)(bytes.data != NULL ? bytes.data : ""), bytes.len, digest);
                for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
                        snprintf(build->id + 2 * i, 3, "%02x", digest[i]);
        }
        buf_free(&bytes);
        return ok;
}

void build_clear(struct build *build)
{
        if (build->id[0] != '\0')
                close(build->fd);
        *build = (struct build){.fd = -1};
}

void build_move(struct build *to, struct build *from)
{
        build_clear(to);
        *to = *from;
        *from = (struct build){.fd = -1};
}

#include "master/rundir.h"

#include "base/memory.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

bool rundir_make(const char *path, struct pawl_error *err)
{
        char *copy = memory_string(path);
        bool ok = true;

        for (char *at = copy + 1; ok; at++) {
                char was = *at;

                if (was != '/' && was != '\0')
                        continue;
                *at = '\0';
                if (mkdir(copy, 0755) != 0 && errno != EEXIST)
                        ok = error_set(err, "%s: cannot make the directory: %s", copy, strerror(errno));
                *at = was;
                if (was == '\0')
                        break;
        }
        free(copy);
        return ok;
}

/* Reads a small file as text without its line end; false if it cannot. */
static bool read_line(int fd, char *out, size_t size)
{
        ssize_t n = pread(fd, out, size - 1, 0);

        if (n < 0)
                return false;
        out[n] = '\0';
        out[strcspn(out, "\r\n")] = '\0';
        return true;
}

int rundir_lock(const char *run_dir, struct pawl_error *err)
{
        char path[PATH_MAX], text[32];
        int fd, len;

        snprintf(path, sizeof path, "%s/pawld.lock", run_dir);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0) {
                error_set(err, "%s: %s", path, strerror(errno));
                return -1;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
                if (errno == EWOULDBLOCK && read_line(fd, text, sizeof text) && text[0] != '\0')
                        error_set(err,
                                  "%s: another pawld, process %s, runs on this run directory; stop it, or set run_dir "
                                  "to another directory",
                                  run_dir, text);
                else
                        error_set(err, "%s: the lock cannot be taken: %s", path, strerror(errno));
                close(fd);
                return -1;
        }
        len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
        if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len) {
                error_set(err, "%s: %s", path, strerror(errno));
                close(fd);
                return -1;
        }
        return fd;
}

static bool is_uuid(const char *text)
{
        if (strlen(text) != 36)
                return false;
        for (int i = 0; i < 36; i++) {
                bool dash = i == 8 || i == 13 || i == 18 || i == 23;

                if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
                        return false;
        }
        return true;
}

/* A random UUID (RFC 9562, version 4) into `out`. */
static bool make_uuid(char out[static RUNDIR_HOST_ID_MAX], struct pawl_error *err)
{
        unsigned char b[16];

        if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
                return error_set(err, "getrandom: %s", strerror(errno));
        b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
        b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
        snprintf(out, RUNDIR_HOST_ID_MAX, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                 b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
        return true;
}

/* Writes the id whole or not at all: a half-written one would make this host a stranger to its own consumer groups. */
static bool write_host_id(const char *path, const char *id, struct pawl_error *err)
{
        char *part = memory_printf("%s.%ld", path, (long)getpid());
        int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        bool ok = false;

        if (fd >= 0)
                ok = dprintf(fd, "%s\n", id) > 0 && fsync(fd) == 0;
        if (fd >= 0)
                close(fd);
        if (ok && link(part, path) != 0 && errno != EEXIST)
                ok = false;
        if (!ok)
                error_set(err, "%s: the host's id cannot be written: %s", path, strerror(errno));
        unlink(part);
        free(part);
        return ok;
}

bool rundir_host_id(const char *state_dir, char out[static RUNDIR_HOST_ID_MAX], struct pawl_error *err)
{
        char path[PATH_MAX];

        snprintf(path, sizeof path, "%s/host_id", state_dir);
        for (int round = 0; round < 2; round++) {
                int fd = open(path, O_RDONLY | O_CLOEXEC);
                bool read_it;

                if (fd < 0 && errno != ENOENT)
                        return error_set(err, "%s: %s", path, strerror(errno));
                if (fd >= 0) {
                        read_it = read_line(fd, out, RUNDIR_HOST_ID_MAX) && is_uuid(out);
                        close(fd);
                        if (read_it)
                                return true;
                        return error_set(
                            err,
                            "%s: expected a UUID on the first line, found \"%s\"; remove the file to get a "
                            "new id",
                            path, out);
                }
                if (!make_uuid(out, err) || !write_host_id(path, out, err))
                        return false;
        }
        return error_set(err, "%s: cannot be read back", path);
}

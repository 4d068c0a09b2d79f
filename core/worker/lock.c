#include "worker/lock.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTE_MAX 65536

bool lock_make_directory(const char *path, struct pawl_error *err)
{
        char *copy = memory_string(path), *slash;
        bool made = true;

        for (slash = copy + 1; made && (slash = strchr(slash, '/')) != NULL; slash++) {
                *slash = '\0';
                made = mkdir(copy, 0755) == 0 || errno == EEXIST;
                *slash = '/';
        }
        made = made && (mkdir(copy, 0750) == 0 || errno == EEXIST);
        if (!made)
                error_set(err, "%s: cannot make the directory: %s", path, strerror(errno));
        free(copy);
        return made;
}

int lock_open(const char *state_dir, const char *plugin, unsigned instance, struct pawl_error *err)
{
        char *directory = memory_printf("%s/locks", state_dir);
        char *path = memory_printf("%s/%s.%u", directory, plugin, instance);
        int fd = -1;

        if (lock_make_directory(directory, err)) {
                fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
                if (fd < 0)
                        error_set(err, "%s: cannot open the lock: %s", path, strerror(errno));
        }
        free(path);
        free(directory);
        return fd;
}

char *lock_noted(int fd)
{
        struct stat status;
        size_t size = fstat(fd, &status) == 0 && status.st_size < NOTE_MAX ? (size_t)status.st_size : 0;
        char *text = memory_zero(size + 1, 1);
        ssize_t got = pread(fd, text, size, 0);

        text[got > 0 ? got : 0] = '\0';
        return text;
}

bool lock_note(int fd, const char *text)
{
        size_t len = strlen(text);

        return ftruncate(fd, 0) == 0 && pwrite(fd, text, len, 0) == (ssize_t)len;
}

bool lock_try(int fd)
{
        return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

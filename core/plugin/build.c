#include "plugin/build.h"

#include "base/memory.h"
#include "plugin/elf_judge.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* All builds of the process, newest first. Main thread. */
static struct plugin_build *builds;
static unsigned copies; /* made by this process: the number in a copy's name */

/* ---- the file ---- */

static bool read_all(int fd, char *bytes, size_t len, struct pawl_error *err)
{
        size_t done = 0;
        ssize_t n;

        while (done < len) {
                n = read(fd, bytes + done, len - done);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_set(err, "cannot be read: %s", strerror(errno));
                if (n == 0)
                        return error_set(err, "became shorter while it was read: expected %zu bytes, found %zu", len,
                                         done);
                done += (size_t)n;
        }
        return true;
}

/* The whole content in malloc'ed memory; what is judged, hashed and copied are the same bytes. */
static char *read_file(const char *path, size_t *len, struct pawl_error *err)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        char *bytes = NULL;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) != 0) {
                error_set(err, "cannot be opened: %s", strerror(errno));
        } else if (!S_ISREG(st.st_mode)) {
                error_set(err, "expected a plugin, found something that is no regular file");
        } else if (st.st_size > PLUGIN_FILE_MAX) {
                error_set(err, "expected a plugin of at most %d bytes, found %lld", PLUGIN_FILE_MAX,
                          (long long)st.st_size);
        } else {
                *len = (size_t)st.st_size;
                bytes = memory_zero(*len + 1, 1);
                if (!read_all(fd, bytes, *len, err)) {
                        free(bytes);
                        bytes = NULL;
                }
        }
        if (fd >= 0)
                close(fd);
        return bytes;
}

static bool hash(const char *bytes, size_t len, char id[PLUGIN_BUILD_ID_LEN + 1], struct pawl_error *err)
{
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size, i;

        if (EVP_Digest(bytes, len, digest, &size, EVP_sha256(), NULL) != 1 || size * 2 != PLUGIN_BUILD_ID_LEN)
                return error_set(err, "libcrypto could not compute its SHA-256");
        for (i = 0; i < size; i++)
                snprintf(id + 2 * i, 3, "%02x", digest[i]);
        return true;
}

static char *read_and_judge(const char *path, size_t *len, struct plugin_file *file, struct pawl_error *err)
{
        struct elf_verdict verdict;
        char *bytes = read_file(path, len, err);

        if (bytes != NULL && elf_judge(bytes, *len, &verdict, err) && hash(bytes, *len, file->id, err)) {
                file->head = verdict.head;
                file->not_beside = verdict.not_beside;
                return bytes;
        }
        free(bytes);
        error_prefix(err, "%s", path);
        return NULL;
}

bool plugin_file_judge(const char *path, struct plugin_file *file, struct pawl_error *err)
{
        size_t len;
        char *bytes = read_and_judge(path, &len, file, err);

        free(bytes);
        return bytes != NULL;
}

/* ---- the private copy ---- */

/* Copies are named PID.NUMBER.so, and stay as long as their process, so that a debugger finds them. Here those of dead processes go. */
static void remove_stale(const char *dir)
{
        DIR *d = opendir(dir);
        struct dirent *e;

        while (d != NULL && (e = readdir(d)) != NULL) {
                char *end;
                long pid = strtol(e->d_name, &end, 10);
                size_t len = strlen(e->d_name);

                if (pid <= 0 || *end != '.' || len < 4 || strcmp(e->d_name + len - 3, ".so") != 0)
                        continue;
                if (pid == (long)getpid() ? copies == 0 : kill((pid_t)pid, 0) != 0 && errno == ESRCH)
                        unlinkat(dirfd(d), e->d_name, 0);
        }
        if (d != NULL)
                closedir(d);
}

static bool write_all(int fd, const char *bytes, size_t len)
{
        ssize_t n;

        while (len > 0) {
                n = write(fd, bytes, len);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return false;
                bytes += n;
                len -= (size_t)n;
        }
        return true;
}

/* malloc'ed path of the copy, or NULL. */
static char *make_copy(const char *dir, const char *bytes, size_t len, struct pawl_error *err)
{
        char *path = NULL;
        int fd = -1;

        if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
                error_set(err, "the directory for private copies, %s, cannot be made: %s", dir, strerror(errno));
                return NULL;
        }
        remove_stale(dir);
        do {
                free(path);
                path = memory_printf("%s/%ld.%u.so", dir, (long)getpid(), ++copies);
                fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0500);
        } while (fd < 0 && errno == EEXIST);
        if (fd >= 0 && write_all(fd, bytes, len) && close(fd) == 0)
                return path;
        error_set(err, "the private copy %s cannot be written: %s", path, strerror(errno));
        if (fd >= 0)
                unlink(path);
        free(path);
        return NULL;
}

/* ---- loading ---- */

/* The loader's words begin with the copy's path, which says nothing to a reader. */
static const char *loader_error(const char *copy)
{
        const char *text = dlerror();
        size_t len = strlen(copy);

        if (text == NULL)
                return "for no reason that the loader gives";
        if (strncmp(text, copy, len) == 0 && strncmp(text + len, ": ", 2) == 0)
                return text + len + 2;
        return text;
}

/* Loads and checks the descriptor. What is loaded stays, also when it is refused. */
static bool load(const char *copy, const struct plugin_file *file, struct plugin_build *b, struct pawl_error *err)
{
        const struct pawl_plugin *(*entry)(void);
        const struct pawl_plugin *plugin;
        void *handle, *symbol;

        handle = dlopen(copy, RTLD_NOW | RTLD_LOCAL);
        if (handle == NULL)
                return error_set(err, "cannot be loaded: %s", loader_error(copy));
        symbol = dlsym(handle, "pawl_plugin_entry");
        if (symbol == NULL)
                return error_set(err, "expected a function pawl_plugin_entry, found none (is PAWL_EXPORT missing?)");
        memcpy(&entry, &symbol, sizeof entry); /* C has no cast from an object's pointer to a function's */
        plugin = entry();
        if (plugin != NULL && memcmp(&plugin->head, &file->head, sizeof file->head) != 0)
                return error_set(err, "its ELF note and its descriptor have different heads");
        return plugin_descriptor_read(&b->descriptor, plugin, err) || error_prefix(err, "its descriptor");
}

static struct plugin_build *known(const char *id)
{
        struct plugin_build *b = builds;

        while (b != NULL && strcmp(b->id, id) != 0)
                b = b->next;
        return b;
}

/* A build that is refused after it was loaded is remembered with the reason, since loading it again would load it twice. */
static struct plugin_build *load_new(const struct plugin_file *file, const char *bytes, size_t len,
                                     const char *private_dir, struct pawl_error *err)
{
        char *copy = make_copy(private_dir, bytes, len, err);
        struct plugin_build *b;

        if (copy == NULL)
                return NULL;
        b = memory_zero(1, sizeof *b);
        memcpy(b->id, file->id, sizeof b->id);
        b->not_beside = file->not_beside;
        if (!load(copy, file, b, err))
                b->refusal = memory_string(err->text);
        free(copy);
        b->next = builds;
        builds = b;
        return b;
}

const struct plugin_build *plugin_build_open(const char *path, const char *private_dir, struct pawl_error *err)
{
        struct plugin_build *b;
        struct plugin_file file;
        size_t len;
        char *bytes = read_and_judge(path, &len, &file, err);

        if (bytes == NULL)
                return NULL;
        b = known(file.id);
        if (b == NULL)
                b = load_new(&file, bytes, len, private_dir, err);
        free(bytes);
        if (b != NULL && b->refusal == NULL)
                return b;
        if (b != NULL)
                error_set(err, "%s", b->refusal);
        error_prefix(err, "%s", path);
        return NULL;
}

unsigned plugin_build_count(void)
{
        const struct plugin_build *b;
        unsigned count = 0;

        for (b = builds; b != NULL; b = b->next)
                count++;
        return count;
}

/* ---- beside or by hand-over? ---- */

/*
 * A library that some build needs may have been replaced on disk: the loader would give the new build the old one, which is loaded.
 * The kernel marks mappings of files that are gone. Our own copies never are.
 */
static bool library_replaced(void)
{
        FILE *maps = fopen("/proc/self/maps", "re");
        bool replaced = false;
        char *line = NULL;
        size_t cap = 0;

        while (maps != NULL && !replaced && getline(&line, &cap, maps) > 0)
                replaced = strstr(line, ".so") != NULL && strstr(line, " (deleted)\n") != NULL;
        free(line);
        if (maps != NULL)
                fclose(maps);
        return replaced;
}

const char *plugin_not_beside(const struct plugin_build *old, const struct plugin_file *file)
{
        if (strcmp(old->id, file->id) == 0 || known(file->id) != NULL)
                return NULL; /* nothing is loaded */
        if (file->not_beside != NULL)
                return file->not_beside;
        if (old->not_beside != NULL)
                return old->not_beside;
        if (library_replaced())
                return "a library that is loaded was replaced on disk";
        return NULL;
}

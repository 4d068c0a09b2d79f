#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4096

static bool fail(char *error, size_t size, const char *doing, const char *path)
{
        snprintf(error, size, "%s: %s (%s)", path, strerror(errno), doing);
        return false;
}

/* folder/name, or the folder that it stands in: up to the last "/". */
static bool join(char out[PATH_SIZE], const char *folder, const char *name, const char *suffix, char *error,
                 size_t size)
{
        if (snprintf(out, PATH_SIZE, "%s/%s%s", folder, name, suffix) < PATH_SIZE)
                return true;
        errno = ENAMETOOLONG;
        return fail(error, size, "naming it", folder);
}

static bool flush_folder(const char *path, char *error, size_t size)
{
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bool ok = fd >= 0 && fsync(fd) == 0;

        if (!ok)
                fail(error, size, "flushing the folder", path);
        if (fd >= 0)
                close(fd);
        return ok;
}

/* Makes the folder where it is missing, and flushes the one that it stands in. */
static bool make_folder(const char *path, char *error, size_t size)
{
        char parent[PATH_SIZE];
        char *slash;

        if (mkdir(path, 0750) != 0)
                return errno == EEXIST || fail(error, size, "making the folder", path);
        snprintf(parent, sizeof parent, "%s", path);
        slash = strrchr(parent, '/');
        if (slash == NULL || slash == parent)
                return true;
        *slash = '\0';
        return flush_folder(parent, error, size);
}

static bool write_all(int fd, const void *bytes, size_t len)
{
        const char *at = bytes;

        while (len > 0) {
                ssize_t n = write(fd, at, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return false;
                at += n;
                len -= (size_t)n;
        }
        return true;
}

/*
 * The temporary file, held by a lock, so that two that write the same document (another process may, after a rebalance) do not write into
 * each other's: who waited for the lock finds the file renamed, and begins anew.
 */
static int open_temporary(const char *path)
{
        for (;;) {
                struct stat held, named;
                int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);

                if (fd < 0)
                        return -1;
                if (flock(fd, LOCK_EX) != 0 || fstat(fd, &held) != 0) {
                        close(fd);
                        return -1;
                }
                if (stat(path, &named) == 0 && named.st_ino == held.st_ino && named.st_dev == held.st_dev)
                        return fd;
                close(fd);
        }
}

static bool replace(const char *temporary, const char *path, const void *bytes, size_t len, char *error, size_t size)
{
        int fd = open_temporary(temporary);
        bool ok;

        if (fd < 0)
                return fail(error, size, "opening it", temporary);
        ok = ftruncate(fd, 0) == 0 && write_all(fd, bytes, len) && fsync(fd) == 0;
        if (!ok) {
                fail(error, size, "writing it", temporary);
                /* What is left of it would only take room that is short. */
                unlink(temporary);
        } else if (rename(temporary, path) != 0) {
                ok = fail(error, size, "renaming it", temporary);
        }
        close(fd);
        return ok;
}

bool files_write(const char *folder, const char *name, const void *bytes, size_t len, char *error, size_t error_size)
{
        char path[PATH_SIZE], temporary[PATH_SIZE], parent[PATH_SIZE];

        if (!join(path, folder, name, "", error, error_size) ||
            !join(temporary, folder, name, ".tmp", error, error_size))
                return false;
        snprintf(parent, sizeof parent, "%s", path);
        *strrchr(parent, '/') = '\0';
        return make_folder(folder, error, error_size) && make_folder(parent, error, error_size) &&
               replace(temporary, path, bytes, len, error, error_size) && flush_folder(parent, error, error_size);
}

bool files_exists(const char *folder, const char *name)
{
        char path[PATH_SIZE], error[64];

        return join(path, folder, name, "", error, sizeof error) && access(path, F_OK) == 0;
}

/* ---- Hashes ---- */

static const char *hexadecimal(const unsigned char digest[32], char hash[FILES_HASH_SIZE])
{
        for (size_t i = 0; i < 32; i++)
                snprintf(hash + 2 * i, 3, "%02x", digest[i]);
        return hash;
}

const char *files_hash(const void *bytes, size_t len, char hash[FILES_HASH_SIZE])
{
        unsigned char digest[EVP_MAX_MD_SIZE] = {0};

        EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL);
        return hexadecimal(digest, hash);
}

bool files_hash_of(const char *folder, const char *name, char hash[FILES_HASH_SIZE], char *error, size_t error_size)
{
        unsigned char digest[EVP_MAX_MD_SIZE] = {0};
        unsigned char block[16384];
        char path[PATH_SIZE];
        EVP_MD_CTX *ctx;
        FILE *file;
        size_t n;
        bool ok;

        if (!join(path, folder, name, "", error, error_size))
                return false;
        file = fopen(path, "re");
        if (file == NULL)
                return fail(error, error_size, "opening it", path);
        ctx = EVP_MD_CTX_new();
        EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
        while ((n = fread(block, 1, sizeof block, file)) > 0)
                EVP_DigestUpdate(ctx, block, n);
        ok = !ferror(file) || fail(error, error_size, "reading it", path);
        EVP_DigestFinal_ex(ctx, digest, NULL);
        EVP_MD_CTX_free(ctx);
        fclose(file);
        hexadecimal(digest, hash);
        return ok;
}

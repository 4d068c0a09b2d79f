#include "config/bundle.h"

#include "base/channel.h"
#include "base/memory.h"
#include "config/room.h"

#include <stdlib.h>
#include <string.h>

/* Head of the bytes form; the last character is the version. */
static const char format_mark[8] = "pawlcfg1";

enum { BUNDLE_MAX = 256 << 20 };

void config_bundle_add(struct config_bundle *bundle, enum config_part_kind kind, const char *name, const void *bytes,
                       size_t len)
{
        bundle->parts = memory_resize(bundle->parts, bundle->count + 1, sizeof *bundle->parts);
        bundle->parts[bundle->count++] = (struct config_part){
            .kind = kind,
            .name = memory_string(name),
            .bytes = memory_copy(bytes, len),
            .len = len,
        };
}

void config_bundle_free(struct config_bundle **bundle)
{
        struct config_bundle *b = *bundle;

        *bundle = NULL;
        if (b == NULL)
                return;
        for (size_t i = 0; i < b->count; i++) {
                free(b->parts[i].name);
                explicit_bzero(b->parts[i].bytes, b->parts[i].len); /* it may be a secret */
                free(b->parts[i].bytes);
        }
        free(b->parts);
        free(b);
}

const struct config_part *config_bundle_part(const struct config_bundle *bundle, enum config_part_kind kind,
                                             const char *name)
{
        for (size_t i = 0; i < bundle->count; i++)
                if (bundle->parts[i].kind == kind && (name == NULL || strcmp(bundle->parts[i].name, name) == 0))
                        return &bundle->parts[i];
        return NULL;
}

static void write_number(struct buf *out, uint64_t number)
{
        buf_add(out, &number, sizeof number);
}

void config_bundle_write(const struct config_bundle *bundle, struct buf *out)
{
        buf_add(out, format_mark, sizeof format_mark);
        write_number(out, bundle->count);
        for (size_t i = 0; i < bundle->count; i++) {
                const struct config_part *p = &bundle->parts[i];

                write_number(out, p->kind);
                write_number(out, strlen(p->name));
                write_number(out, p->len);
                buf_add(out, p->name, strlen(p->name));
                buf_add(out, p->bytes, p->len);
        }
}

struct reader {
        const char *at;
        size_t left;
};

static bool read_number(struct reader *r, uint64_t *number)
{
        if (r->left < sizeof *number)
                return false;
        memcpy(number, r->at, sizeof *number);
        r->at += sizeof *number;
        r->left -= sizeof *number;
        return true;
}

static bool read_part(struct reader *r, struct config_bundle *bundle)
{
        uint64_t kind, name_len, len;
        char *name;

        if (!read_number(r, &kind) || !read_number(r, &name_len) || !read_number(r, &len))
                return false;
        if (kind < CONFIG_PART_MAIN || kind > CONFIG_PART_SECRET_MISSING || name_len > r->left ||
            len > r->left - name_len || memchr(r->at, '\0', name_len) != NULL)
                return false;
        name = memory_copy(r->at, name_len);
        config_bundle_add(bundle, (enum config_part_kind)kind, name, r->at + name_len, len);
        free(name);
        r->at += name_len + len;
        r->left -= name_len + len;
        return true;
}

struct config_bundle *config_bundle_from(const void *bytes, size_t len, struct pawl_error *err)
{
        struct config_bundle *bundle = memory_zero(1, sizeof *bundle);
        struct reader r = {.at = bytes, .left = len};
        uint64_t count;
        bool ok = len >= sizeof format_mark && memcmp(bytes, format_mark, sizeof format_mark) == 0;

        if (ok) {
                r.at += sizeof format_mark;
                r.left -= sizeof format_mark;
                ok = read_number(&r, &count);
        }
        for (uint64_t i = 0; ok && i < count; i++)
                ok = read_part(&r, bundle);
        if (ok && r.left == 0)
                return bundle;
        error_set(err, "configuration bundle: expected \"%.8s\" and its parts, found %zu bytes that are none",
                  format_mark, len);
        config_bundle_free(&bundle);
        return NULL;
}

int config_bundle_to_fd(const struct config_bundle *bundle, struct pawl_error *err)
{
        struct buf bytes = {0};
        int fd;

        config_bundle_write(bundle, &bytes);
        fd = channel_memfd("pawl-config", bytes.data, bytes.len, err);
        explicit_bzero(bytes.data, bytes.len);
        buf_free(&bytes);
        return fd;
}

struct config_bundle *config_bundle_from_fd(int fd, struct pawl_error *err)
{
        struct config_bundle *bundle;
        size_t len;
        char *bytes = channel_memfd_read(fd, BUNDLE_MAX, &len, err);

        if (bytes == NULL)
                return NULL;
        bundle = config_bundle_from(bytes, len, err);
        explicit_bzero(bytes, len);
        free(bytes);
        return bundle;
}

/* DIR/PATH, or PATH if that is absolute; DIR is what stands before the last slash of `file`. */
static char *beside(const char *file, const char *path)
{
        const char *slash = strrchr(file, '/');

        if (path[0] == '/' || slash == NULL)
                return memory_string(path);
        return memory_printf("%.*s%s", (int)(slash - file + 1), file, path);
}

char *config_bundle_path(const struct config_bundle *bundle, const char *file, const char *path)
{
        const struct config_part *dir = config_bundle_part(bundle, CONFIG_PART_DIRECTORY, NULL);
        char *near = beside(file, path);
        char *whole;

        if (near[0] == '/' || dir == NULL)
                return near;
        whole = memory_printf("%s/%s", dir->name, near);
        free(near);
        return whole;
}

const char *config_secret_reference(const char *text, bool in_properties)
{
        if (in_properties && strchr(text, '=') != NULL)
                text = strchr(text, '=') + 1;
        return strncmp(text, "@file:", 6) == 0 || strncmp(text, "@env:", 5) == 0 ? text : NULL;
}

struct resolving {
        const struct config_bundle *bundle;
        struct config_errors *errors;
};

static const struct config_part *find_secret(const struct resolving *r, const struct config_value *v,
                                             const char *reference)
{
        const struct config_part *part, *missing;
        char *path;

        if (strncmp(reference, "@env:", 5) == 0) {
                part = config_bundle_part(r->bundle, CONFIG_PART_SECRET_ENVIRONMENT, reference + 5);
                if (part == NULL)
                        config_error(r->errors, v->file, v->line,
                                     "\"%s\": expected the environment variable %s to be set, found that it is not",
                                     reference, reference + 5);
                return part;
        }
        path = config_bundle_path(r->bundle, v->file, reference + 6);
        part = config_bundle_part(r->bundle, CONFIG_PART_SECRET_FILE, path);
        missing = config_bundle_part(r->bundle, CONFIG_PART_SECRET_MISSING, path);
        if (part == NULL)
                config_error(r->errors, v->file, v->line, "\"%s\": expected a file that can be read, found for %s: %s",
                             reference, path, missing != NULL ? missing->bytes : "it was not read");
        free(path);
        return part;
}

static void resolve(void *arg, struct config_value *v, bool in_properties)
{
        const struct resolving *r = arg;
        const char *reference = config_secret_reference(v->text, in_properties);
        const struct config_part *part;
        struct buf text = {0};

        if (strncmp(v->text, "@@", 2) == 0) {
                memmove(v->text, v->text + 1, v->text_len--);
                return;
        }
        if (reference == NULL || (part = find_secret(r, v, reference)) == NULL)
                return;
        buf_add(&text, v->text, (size_t)(reference - v->text));
        buf_add(&text, part->bytes, part->len);
        free(v->text);
        v->text = buf_take(&text, &v->text_len);
        v->secret = true;
}

void config_secrets_resolve(struct config_value *root, const struct config_bundle *bundle, struct config_errors *errors)
{
        struct resolving r = {.bundle = bundle, .errors = errors};

        config_tree_strings(root, resolve, &r);
}

/*
 * Everything that a configuration is made of, read once: the texts of the files, the KAFKA_* variables, and what the secrets
 * that they name contain. The master reads it, and gives the accepted one to each worker in a memfd. It holds secrets: it is
 * never logged and never written to a disk. Immutable after it was read; one owner.
 *
 * A string anywhere in a file may be `@file:PATH` (relative to the file that names it) or `@env:NAME`: what is found there takes its
 * place (of a file without the one line end at its end), and is a secret from then on. `@@` at a string's beginning is a plain `@`.
 */
#ifndef PAWL_CONFIG_BUNDLE_H
#define PAWL_CONFIG_BUNDLE_H

#include "base/buf.h"
#include "base/config_errors.h"
#include "base/error.h"

#include <stdint.h>

enum config_part_kind {
        CONFIG_PART_MAIN = 1,    /* the main file */
        CONFIG_PART_TOPICS,      /* topics.conf */
        CONFIG_PART_PLUGIN,      /* a file of plugins.d */
        CONFIG_PART_ENVIRONMENT, /* a KAFKA_* variable */
        CONFIG_PART_SECRET_FILE, /* by its absolute path */
        CONFIG_PART_SECRET_ENVIRONMENT,
        CONFIG_PART_DIRECTORY, /* the working directory, against which relative names are resolved */
        CONFIG_PART_MISSING,   /* a file or directory that could not be read; the bytes say why */
        CONFIG_PART_SECRET_MISSING,
};

struct config_part {
        uint32_t kind;
        char *name;
        char *bytes; /* NUL-terminated beyond len */
        size_t len;
};

struct config_bundle {
        struct config_part *parts;
        size_t count;
};

/* Reads the main file, topics.conf and each .conf file of plugins.d beside it (or what its keys topics_file and plugin_conf_dir
 * name instead), and the secrets that they name. Never NULL: what cannot be read is noted in the bundle, and config_parse reports
 * it with the rest. `errors` gets warnings only (a secret that everybody can read). `environment`: environ, or NULL for none. */
struct config_bundle *config_bundle_read(const char *path, char *const *environment, struct config_errors *errors);
void config_bundle_free(struct config_bundle **bundle);

/* As bytes, and back; the bytes are checked like a stranger's. */
void config_bundle_write(const struct config_bundle *bundle, struct buf *out);
struct config_bundle *config_bundle_from(const void *bytes, size_t len, struct pawl_error *err);

/* The same through a sealed memfd (close-on-exec): -1, or NULL, with the reason in err. The descriptor stays the caller's. */
int config_bundle_to_fd(const struct config_bundle *bundle, struct pawl_error *err);
struct config_bundle *config_bundle_from_fd(int fd, struct pawl_error *err);

/* The first part of that kind and name (NULL: any name); NULL if there is none. */
const struct config_part *config_bundle_part(const struct config_bundle *bundle, enum config_part_kind kind,
                                             const char *name);

#endif

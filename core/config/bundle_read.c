#include "base/memory.h"
#include "config/room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct disk {
        struct config_bundle *bundle;
        char *const *environment;
        struct config_errors *errors;
};

static bool read_all(int fd, struct buf *out, struct pawl_error *err)
{
        ssize_t n;

        do {
                n = read(fd, buf_reserve(out, 4096), 4096);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_set(err, "%s", strerror(errno));
                buf_end(out, (size_t)n);
                if (out->len > CONFIG_FILE_MAX)
                        return error_set(err, "more than %u bytes", CONFIG_FILE_MAX);
        } while (n != 0);
        return true;
}

/* The whole of a regular file; false with the reason. Never blocks: a pipe or a device is refused before it is read. */
static bool read_file(const char *path, struct buf *out, mode_t *mode, struct pawl_error *err)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        bool ok;

        if (fd < 0)
                return error_set(err, "%s", strerror(errno));
        if (fstat(fd, &st) != 0)
                ok = error_set(err, "%s", strerror(errno));
        else if (!S_ISREG(st.st_mode))
                ok = error_set(err, "%s", S_ISDIR(st.st_mode) ? "a directory" : "something that is no regular file");
        else
                ok = read_all(fd, out, err);
        *mode = st.st_mode;
        close(fd);
        return ok;
}

static const char *variable(char *const *environment, const char *name)
{
        size_t len = strlen(name);

        for (; environment != NULL && *environment != NULL; environment++)
                if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
                        return *environment + len + 1;
        return NULL;
}

static void read_secret_file(struct disk *d, const struct config_value *v, const char *path)
{
        struct pawl_error err = {0};
        struct buf text = {0};
        mode_t mode = 0;

        if (config_bundle_part(d->bundle, CONFIG_PART_SECRET_FILE, path) != NULL ||
            config_bundle_part(d->bundle, CONFIG_PART_SECRET_MISSING, path) != NULL)
                return;
        if (!read_file(path, &text, &mode, &err)) {
                config_bundle_add(d->bundle, CONFIG_PART_SECRET_MISSING, path, err.text, strlen(err.text));
        } else {
                if ((mode & S_IROTH) != 0)
                        config_warning(d->errors, v->file, v->line,
                                       "the secret in %s can be read by everybody (mode %03o)", path, mode & 0777u);
                if (text.len > 0 && text.data[text.len - 1] == '\n')
                        text.len--;
                if (text.len > 0 && text.data[text.len - 1] == '\r')
                        text.len--;
                config_bundle_add(d->bundle, CONFIG_PART_SECRET_FILE, path, text.data != NULL ? text.data : "",
                                  text.len);
                if (text.data != NULL)
                        explicit_bzero(text.data, text.len);
        }
        buf_free(&text);
}

static void collect_secret(void *arg, struct config_value *v, bool in_properties)
{
        struct disk *d = arg;
        const char *reference = config_secret_reference(v->text, in_properties), *value;
        char *path;

        if (reference == NULL)
                return;
        if (strncmp(reference, "@env:", 5) == 0) {
                value = variable(d->environment, reference + 5);
                if (value != NULL &&
                    config_bundle_part(d->bundle, CONFIG_PART_SECRET_ENVIRONMENT, reference + 5) == NULL)
                        config_bundle_add(d->bundle, CONFIG_PART_SECRET_ENVIRONMENT, reference + 5, value,
                                          strlen(value));
                return;
        }
        path = config_bundle_path(d->bundle, v->file, reference + 6);
        read_secret_file(d, v, path);
        free(path);
}

/* Takes a file in, and what its secrets name. `root`, when not NULL, gets its settings as far as they can be read. */
static bool take_file(struct disk *d, enum config_part_kind kind, const char *path, bool required,
                      struct config_value *root)
{
        struct config_errors ignored = {0}; /* config_parse will find them again */
        struct config_value tree = {0};
        struct pawl_error err = {0};
        struct buf text = {0};
        mode_t mode;
        bool ok = read_file(path, &text, &mode, &err);

        if (ok) {
                config_bundle_add(d->bundle, kind, path, text.data, text.len);
                config_tree_read(&tree, path, text.data, text.len, &ignored);
                config_tree_strings(&tree, collect_secret, d);
        } else if (required) {
                config_bundle_add(d->bundle, CONFIG_PART_MISSING, path, err.text, strlen(err.text));
        }
        if (root != NULL)
                *root = tree;
        else
                config_value_clear(&tree);
        config_errors_free(&ignored);
        buf_free(&text);
        return ok;
}

/* The path that the main file names by `key`, or else the one beside it; malloc'ed. */
static char *named_path(const struct disk *d, const char *main_file, const struct config_value *root, const char *key,
                        const char *beside, bool *named)
{
        const struct config_value *v = config_value_get(root, key);
        const char *slash = strrchr(main_file, '/');

        *named = v != NULL && v->type == CONFIG_VALUE_STRING && v->text_len > 0;
        if (*named)
                return config_bundle_path(d->bundle, main_file, v->text);
        return memory_printf("%.*s%s", slash == NULL ? 0 : (int)(slash - main_file + 1), main_file, beside);
}

static int is_config_file(const struct dirent *entry)
{
        size_t len = strlen(entry->d_name);

        return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static void take_plugins(struct disk *d, const char *dir, bool required)
{
        struct dirent **entries;
        int count = scandir(dir, &entries, is_config_file, alphasort);
        const char *why = strerror(errno);

        if (count < 0) {
                if (required || errno != ENOENT)
                        config_bundle_add(d->bundle, CONFIG_PART_MISSING, dir, why, strlen(why));
                return;
        }
        for (int i = 0; i < count; i++) {
                char *path = memory_printf("%s/%s", dir, entries[i]->d_name);

                take_file(d, CONFIG_PART_PLUGIN, path, true, NULL);
                free(path);
                free(entries[i]);
        }
        free(entries);
}

static void take_environment(struct disk *d)
{
        for (char *const *at = d->environment; at != NULL && *at != NULL; at++) {
                const char *equals = strchr(*at, '=');
                char *name;

                if (equals == NULL || strncmp(*at, "KAFKA_", 6) != 0)
                        continue;
                name = memory_copy(*at, (size_t)(equals - *at));
                /* Empty means unset: that is how a compose file passes on what nobody has set. */
                if (equals[1] != '\0' && config_environment_known(name))
                        config_bundle_add(d->bundle, CONFIG_PART_ENVIRONMENT, name, equals + 1, strlen(equals + 1));
                free(name);
        }
}

struct config_bundle *config_bundle_read(const char *path, char *const *environment, struct config_errors *errors)
{
        struct config_bundle *bundle = memory_zero(1, sizeof *bundle);
        struct disk d = {.bundle = bundle, .environment = environment, .errors = errors};
        char *cwd = getcwd(NULL, 0), *topics, *plugins;
        struct config_value root = {.type = CONFIG_VALUE_GROUP};
        bool named;

        config_bundle_add(bundle, CONFIG_PART_DIRECTORY, cwd != NULL ? cwd : "/", "", 0);
        free(cwd);
        take_environment(&d);
        if (take_file(&d, CONFIG_PART_MAIN, path, true, &root)) {
                topics = named_path(&d, path, &root, "topics_file", "topics.conf", &named);
                take_file(&d, CONFIG_PART_TOPICS, topics, named || access(topics, F_OK) == 0, NULL);
                free(topics);
                plugins = named_path(&d, path, &root, "plugin_conf_dir", "plugins.d", &named);
                take_plugins(&d, plugins, named);
                free(plugins);
        }
        config_value_clear(&root);
        return bundle;
}

struct config_bundle *config_bundle_read_topics(const char *path, char *const *environment)
{
        struct config_bundle *bundle = memory_zero(1, sizeof *bundle);
        struct config_errors ignored = {0};
        struct disk d = {.bundle = bundle, .environment = environment, .errors = &ignored};

        take_environment(&d);
        take_file(&d, CONFIG_PART_TOPICS, path, true, NULL);
        config_errors_free(&ignored);
        return bundle;
}

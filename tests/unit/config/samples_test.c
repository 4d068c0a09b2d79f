/* The files that are installed are themselves input: they must be valid, and say what the contract with existing producers says. */
#include "kit.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

static void read_whole(const char *path, struct buf *out)
{
        FILE *f = fopen(path, "r");
        size_t n;

        cr_assert_not_null(f, "%s", path);
        while ((n = fread(buf_reserve(out, 4096), 1, 4096, f)) > 0)
                buf_end(out, n);
        fclose(f);
}

static struct config *read_samples(struct config_errors *errors)
{
        struct config_bundle *bundle = config_bundle_read(PAWL_SOURCE_DIR "/etc/pawl.conf", NULL, errors);
        struct config *cfg = config_parse(bundle, errors);

        config_bundle_free(&bundle);
        return cfg;
}

Test(samples, pawl_conf_is_valid_and_shows_the_defaults)
{
        struct config_errors errors = {0};
        struct config *cfg = read_samples(&errors);
        struct buf text = {0};

        config_errors_print(&errors, &text);
        cr_assert_not_null(cfg, "%s", text.data);
        cr_assert_eq(errors.count, 0u);
        cr_assert_str_eq(cfg->kafka.brokers, "localhost:9092,localhost:9093,localhost:9094");
        cr_assert_eq(cfg->kafka.properties.count, 0u);
        config_free(&cfg);
}

Test(samples, topics_conf_is_the_contract)
{
        static const struct {
                const char *name;
                int64_t partitions;
                int64_t retention_ms;
                int64_t dead_partitions;
        } contract[] = {
            {"request-events", 6, 604800000, 3},      {"workflow-events", 3, 2592000000, 3},
            {"notification-events", 3, 259200000, 3}, {"security-events", 3, 7776000000, 3},
            {"hr-events", 3, 31536000000, 3},         {"audit-events", 6, 31536000000, 6},
        };
        struct config_errors errors = {0};
        struct config *cfg = read_samples(&errors);

        cr_assert_eq(cfg->topics.count, 12u);
        for (size_t i = 0; i < 6; i++) {
                const struct config_topic *t = config_topic(&cfg->topics, contract[i].name);
                const struct config_topic *dead = config_topic(&cfg->topics, t->dead_letter);

                cr_assert_eq(t->partitions, contract[i].partitions);
                cr_assert_eq(t->retention, contract[i].retention_ms * CLOCK_MS);
                cr_assert_eq(t->max_message, 10485760);
                cr_assert_eq(t->replication, 3);
                cr_assert_eq(t->min_insync_replicas, 2);
                cr_assert_str_eq(t->compression, "snappy");
                cr_assert_eq(strncmp(dead->name, t->name, strlen(t->name)), 0);
                cr_assert_str_eq(dead->name + strlen(t->name), "-dlq");
                cr_assert_eq(dead->partitions, contract[i].dead_partitions);
                cr_assert_eq(dead->retention, t->retention);
                cr_assert_eq(dead->max_message, 11534336);
        }
        config_free(&cfg);
}

/* The plugins' own files, each installed into plugins.d: together they must be one valid configuration. */
Test(samples, the_plugins_files_are_valid_together)
{
        struct config_bundle *bundle =
            config_bundle_read(PAWL_SOURCE_DIR "/etc/pawl.conf", NULL, &(struct config_errors){0});
        struct config_errors errors = {0};
        struct buf text = {0}, printed = {0};
        struct config *cfg;
        glob_t found;

        cr_assert_eq(glob(PAWL_SOURCE_DIR "/plugins/*/*.conf", 0, NULL, &found), 0);
        for (size_t i = 0; i < found.gl_pathc; i++) {
                read_whole(found.gl_pathv[i], &text);
                config_bundle_add(bundle, CONFIG_PART_PLUGIN, found.gl_pathv[i], text.data, text.len);
                buf_free(&text);
        }
        cfg = config_parse(bundle, &errors);
        config_errors_print(&errors, &printed);
        cr_assert_not_null(cfg, "%s", printed.data);
        cr_assert_eq(cfg->plugin_count, found.gl_pathc);
        globfree(&found);
        config_free(&cfg);
        config_bundle_free(&bundle);
}

/* The README holds the reference as the tables print it: who adds a key sees this test fail, with the page in its output. */
Test(samples, the_readme_holds_the_reference)
{
        struct buf readme = {0}, page = {0};

        read_whole(PAWL_SOURCE_DIR "/core/config/README.md", &readme);
        config_reference(&page);
        cr_assert_not_null(strstr(readme.data, page.data), "put this into core/config/README.md:\n%s", page.data);
        buf_free(&readme);
        buf_free(&page);
}

#include "kit.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static void setup(void)
{
        snprintf(dir, sizeof dir, "/tmp/pawl-config-XXXXXX");
        cr_assert_not_null(mkdtemp(dir));
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st, (void)type, (void)ftw;
        return remove(path);
}

static void teardown(void)
{
        nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(bundle, .init = setup, .fini = teardown);

static void put(const char *name, const char *text)
{
        char *path = memory_printf("%s/%s", dir, name), *slash = strrchr(path, '/');
        FILE *f;

        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
        f = fopen(path, "w");
        cr_assert_not_null(f);
        fputs(text, f);
        fclose(f);
        chmod(path, 0600);
        free(path);
}

static struct config_bundle *read_bundle(char *const *environment, struct config_errors *errors)
{
        char *path = memory_printf("%s/pawl.conf", dir);
        struct config_bundle *bundle = config_bundle_read(path, environment, errors);

        free(path);
        return bundle;
}

static char *errors_text(struct config_errors *errors)
{
        struct buf out = {0};

        config_errors_print(errors, &out);
        config_errors_free(errors);
        return buf_take(&out, NULL);
}

Test(bundle, holds_all_that_the_snapshot_is_made_of)
{
        char *environment[] = {
            "KAFKA_LOG_LEVEL=debug", "KAFKA_HEAP_OPTS=-Xmx1g", "KAFKA_SASL_USERNAME=", "TOKEN=t0k", "HOME=/", NULL};
        struct config_errors errors = {0};
        struct config_bundle *bundle, *copy;
        struct pawl_error err;
        struct config *cfg;
        int fd;

        put("pawl.conf", "kafka = { properties = [ \"sasl.password=@file:pw\" ]; };");
        put("topics.conf", "topics = ( { name = \"t\"; } );");
        put("plugins.d/b.conf", "settings = { s = \"@file:../pw\"; t = \"@env:TOKEN\"; };");
        put("plugins.d/a.conf", "");
        put("plugins.d/a.conf.bak", "broken");
        put("plugins.d/.hidden.conf", "broken");
        put("pw", "hunter2\n");
        bundle = read_bundle(environment, &errors);
        cr_assert_eq(errors.count, 0u);
        cr_assert_not_null(config_bundle_part(bundle, CONFIG_PART_ENVIRONMENT, "KAFKA_LOG_LEVEL"));
        cr_assert_null(config_bundle_part(bundle, CONFIG_PART_ENVIRONMENT, "KAFKA_HEAP_OPTS"));
        cr_assert_null(config_bundle_part(bundle, CONFIG_PART_ENVIRONMENT, "KAFKA_SASL_USERNAME"), "empty means unset");
        fd = config_bundle_to_fd(bundle, &err);
        cr_assert_geq(fd, 0);
        config_bundle_free(&bundle);
        teardown(); /* what stands on the disk no longer matters */
        setup();
        copy = config_bundle_from_fd(fd, &err);
        close(fd);
        cr_assert_not_null(copy, "%s", err.text);
        cfg = config_parse(copy, &errors);
        config_bundle_free(&copy);
        cr_assert_not_null(cfg);
        cr_assert_eq(cfg->plugin_count, 2u);
        cr_assert_eq(cfg->topics.count, 2u);
        cr_assert_eq(cfg->log_level, LOG_LEVEL_DEBUG);
        cr_assert_str_eq(config_value_get(&config_plugin(cfg, "b")->settings, "s")->text, "hunter2");
        cr_assert_str_eq(config_value_get(&config_plugin(cfg, "b")->settings, "t")->text, "t0k");
        config_free(&cfg);
}

Test(bundle, what_cannot_be_read_is_reported_with_the_rest)
{
        struct config_errors errors = {0};
        struct config_bundle *bundle;
        struct config *cfg;
        char *text;

        put("pawl.conf", "drain = 1;\ntopics_file = \"no.conf\";\nplugin_conf_dir = \"none.d\";");
        bundle = read_bundle(NULL, &errors);
        cfg = config_parse(bundle, &errors);
        cr_assert_null(cfg);
        text = errors_text(&errors);
        cr_assert_not_null(strstr(text, "pawl.conf:1: error: drain"), "%s", text);
        cr_assert_not_null(strstr(text, "/no.conf: error: expected to be able to read it, found: No such file"), "%s",
                           text);
        cr_assert_not_null(strstr(text, "/none.d: error: expected to be able to read it, found: No such file"), "%s",
                           text);
        free(text);
        config_bundle_free(&bundle);
}

Test(bundle, without_its_main_file_says_so)
{
        struct config_errors errors = {0};
        struct config_bundle *bundle = read_bundle(NULL, &errors);
        char *text;

        cr_assert_null(config_parse(bundle, &errors));
        text = errors_text(&errors);
        cr_assert_not_null(
            strstr(text, "/pawl.conf: error: expected to be able to read it, found: No such file or directory\n"), "%s",
            text);
        free(text);
        config_bundle_free(&bundle);
}

Test(bundle, a_directory_or_pipe_is_no_file)
{
        struct config_errors errors = {0};
        struct config_bundle *bundle;
        char *path = memory_printf("%s/plugins.d/a.conf", dir), *text;

        put("pawl.conf", "");
        put("plugins.d/b.conf", "settings = { s = \"@file:.\"; };");
        cr_assert_eq(mkfifo(path, 0600), 0);
        bundle = read_bundle(NULL, &errors); /* must not wait for a writer */
        cr_assert_null(config_parse(bundle, &errors));
        text = errors_text(&errors);
        cr_assert_not_null(
            strstr(text, "a.conf: error: expected to be able to read it, found: something that is no regular file"),
            "%s", text);
        cr_assert_not_null(strstr(text, "b.conf:1: error: \"@file:.\": expected a file that can be read"), "%s", text);
        cr_assert_not_null(strstr(text, "a directory"), "%s", text);
        free(text);
        free(path);
        config_bundle_free(&bundle);
}

Test(bundle, a_secret_that_everybody_can_read_is_warned_of)
{
        struct config_errors errors = {0};
        struct config_bundle *bundle;
        char *path = memory_printf("%s/pw", dir), *text;

        put("pawl.conf", "");
        put("plugins.d/b.conf", "\nsettings = { s = \"@file:../pw\"; };");
        put("pw", "hunter2");
        chmod(path, 0644);
        bundle = read_bundle(NULL, &errors);
        cr_assert_eq(errors.error_count, 0u);
        text = errors_text(&errors);
        cr_assert_not_null(strstr(text, "b.conf:2: warning: the secret in "), "%s", text);
        cr_assert_null(strstr(text, "hunter2"));
        free(text);
        free(path);
        config_bundle_free(&bundle);
}

Test(bundle, an_empty_file_is_a_file)
{
        struct config_errors errors = {0};
        struct config_bundle *bundle;
        struct config *cfg;

        put("pawl.conf", "");
        put("plugins.d/a.conf", "\xef\xbb\xbfthreads = 2;"); /* as some editors begin a file */
        bundle = read_bundle(NULL, &errors);
        cfg = config_parse(bundle, &errors);
        cr_assert_not_null(cfg);
        cr_assert_eq(cfg->plugins[0].threads, 2);
        config_free(&cfg);
        config_bundle_free(&bundle);
}

Test(bundle, bytes_that_are_none_are_refused)
{
        struct config_bundle *bundle = memory_zero(1, sizeof *bundle), *back;
        struct buf bytes = {0};
        struct pawl_error err;
        unsigned seed = 5;

        config_bundle_add(bundle, CONFIG_PART_MAIN, "pawl.conf", "drain = 1;", 10);
        config_bundle_add(bundle, CONFIG_PART_PLUGIN, "a.conf", "x", 1);
        config_bundle_write(bundle, &bytes);
        config_bundle_free(&bundle);
        for (size_t len = 0; len < bytes.len; len++)
                cr_assert_null(config_bundle_from(bytes.data, len, &err), "cut at %zu", len);
        cr_assert_not_null(strstr(err.text, "expected"));
        for (int i = 0; i < 5000; i++) {
                struct buf copy = {0};

                buf_add(&copy, bytes.data, bytes.len);
                for (int k = 0; k < 3; k++)
                        copy.data[(size_t)rand_r(&seed) % copy.len] = (char)(rand_r(&seed) >> 4);
                back = config_bundle_from(copy.data, copy.len, NULL);
                config_bundle_free(&back);
                buf_free(&copy);
        }
        back = config_bundle_from(bytes.data, bytes.len, &err);
        cr_assert_eq(back->count, 2u);
        cr_assert_str_eq(back->parts[0].bytes, "drain = 1;");
        config_bundle_free(&back);
        buf_free(&bytes);
}

Test(topics_read, works_without_a_main_file)
{
        char *environment[] = {"KAFKA_T_PARTITIONS=9", NULL};
        struct config_errors errors = {0};
        struct config_topics topics;
        char *path;

        setup();
        path = memory_printf("%s/topics.conf", dir);
        put("topics.conf", "topics = ( { name = \"t\"; } );");
        cr_assert(config_topics_read(&topics, path, environment, &errors));
        cr_assert_eq(topics.items[0].partitions, 9);
        cr_assert_str_eq(topics.items[0].file, path);
        config_topics_free(&topics);
        unlink(path);
        cr_assert_not(config_topics_read(&topics, path, NULL, &errors));
        cr_assert_eq(errors.error_count, 1u);
        config_errors_free(&errors);
        free(path);
        teardown();
}

#include "kit.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct config_bundle *bundle;
static struct config *cfg;
static struct config_errors errors;
static struct buf printed;

static void add(enum config_part_kind kind, const char *name, const char *text)
{
        if (bundle == NULL) {
                bundle = memory_zero(1, sizeof *bundle);
                config_bundle_add(bundle, CONFIG_PART_DIRECTORY, "/cwd", "", 0);
        }
        config_bundle_add(bundle, kind, name, text, strlen(text));
}

void kit_main(const char *text)
{
        add(CONFIG_PART_MAIN, "etc/pawl.conf", text);
}

void kit_plugin(const char *name, const char *text)
{
        char *file = memory_printf("etc/plugins.d/%s.conf", name);

        add(CONFIG_PART_PLUGIN, file, text);
        free(file);
}

void kit_topics(const char *text)
{
        add(CONFIG_PART_TOPICS, "etc/topics.conf", text);
}

void kit_variable(const char *name, const char *value)
{
        add(CONFIG_PART_ENVIRONMENT, name, value);
}

void kit_secret(const char *path, const char *value)
{
        add(CONFIG_PART_SECRET_FILE, path, value);
}

static void parse(struct config *by(const struct config_bundle *bundle, struct config_errors *errors))
{
        if (bundle == NULL || config_bundle_part(bundle, CONFIG_PART_MAIN, NULL) == NULL)
                kit_main("");
        config_free(&cfg);
        config_errors_free(&errors);
        buf_free(&printed);
        cfg = by(bundle, &errors);
        buf_add_text(&printed, "");
        config_errors_print(&errors, &printed);
}

struct config *kit_parse(void)
{
        parse(config_parse);
        cr_assert_eq(cfg == NULL, errors.error_count > 0, "%s", printed.data);
        return cfg;
}

struct config *kit_parse_for_check(void)
{
        parse(config_parse_for_check);
        cr_assert_not_null(cfg);
        return cfg;
}

const char *kit_errors(void)
{
        return printed.data;
}

const struct config_bundle *kit_bundle(void)
{
        return bundle;
}

void kit_clear(void)
{
        config_free(&cfg);
        config_bundle_free(&bundle);
        config_errors_free(&errors);
        buf_free(&printed);
}

void kit_says(const char *text)
{
        cr_assert_not_null(strstr(printed.data, text), "expected: %s\nfound: %s", text, printed.data);
}

void kit_refused(const char *text)
{
        cr_assert_null(kit_parse(), "was not refused: %s", text);
        kit_says(text);
}

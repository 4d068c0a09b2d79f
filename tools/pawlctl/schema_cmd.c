/*
 * pawlctl schema: the catalogue of events as documents for other programs and for people.
 */
#include "base/clock.h"
#include "common/catalogue.h"
#include "common/schema.h"
#include "config/config.h"
#include "pawlctl.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIALECT "https://json-schema.org/draft/2020-12/schema"
#define INDENT  (JSON_INDENT(2) | JSON_REAL_PRECISION(15))

static int print_json(json_t *document)
{
        char *text = json_dumps(document, INDENT);
        int status = text != NULL ? CTL_DONE : ctl_fail(CTL_FAILED, "out of memory");

        if (text != NULL)
                puts(text);
        free(text);
        json_decref(document);
        return status;
}

/* ---- JSON Schema ---- */

static json_t *document_of(const struct catalogue_type *type)
{
        json_t *document =
            json_pack("{s:s, s:o}", "$schema", DIALECT, "$id", json_sprintf("urn:pawl:event:%s", type->name));

        json_object_update_new(document, schema_type(type, SCHEMA_ON_BUS));
        return document;
}

/* One type's, or, where none is named, one that holds all of them. */
static json_t *schema_document(const struct catalogue_type *only)
{
        const struct catalogue_type *type;
        json_t *definitions, *any;

        if (only != NULL)
                return document_of(only);
        definitions = json_object();
        any = json_array();
        for (size_t i = 0; (type = catalogue_at(i)) != NULL; i++) {
                json_object_set_new(definitions, type->name, document_of(type));
                json_array_append_new(any, json_pack("{s:o}", "$ref", json_sprintf("urn:pawl:event:%s", type->name)));
        }
        return json_pack("{s:s, s:s, s:s, s:o, s:o}", "$schema", DIALECT, "$id", "urn:pawl:events", "title",
                         "Events of the service-request aggregator", "oneOf", any, "$defs", definitions);
}

/* ---- AsyncAPI: the topics as topics.conf has them ---- */

static json_t *channel(const struct config_topic *topic)
{
        const char *source = topic->source != NULL ? topic->source : topic->name;
        json_t *messages = json_object();
        const struct catalogue_type *type;

        for (size_t i = 0; (type = catalogue_at(i)) != NULL; i++) {
                if (strcmp(catalogue_topic(pawl_text(type->name)), source) == 0)
                        json_object_set_new(messages, type->name,
                                            json_pack("{s:o}", "$ref",
                                                      json_sprintf("#/components/messages/%s", type->name)));
        }
        return json_pack("{s:s, s:o, s:o, s:{s:{s:s, s:I, s:{s:I, s:I}}}}", "address", topic->name, "description",
                         topic->source != NULL
                             ? json_sprintf("what of %s could not be handled, with the reason in headers pawl-dlq-*",
                                            source)
                             : json_string("events, in order for each key"),
                         "messages", messages, "bindings", "kafka", "topic", topic->name, "partitions",
                         (json_int_t)topic->partitions, "topicConfiguration", "retention.ms",
                         (json_int_t)(topic->retention / CLOCK_MS), "max.message.bytes",
                         (json_int_t)topic->max_message);
}

static json_t *message(const struct catalogue_type *type)
{
        static const char key[] = "request_id, else user_id, else contractor_id, else event_id; partitioned by murmur2";

        return json_pack("{s:s, s:s, s:s, s:s, s:o, s:{s:{s:{s:s, s:s}}}, s:[{s:o}]}", "name", type->name, "title",
                         type->name, "summary", type->summary, "contentType", "application/json", "payload",
                         schema_type(type, SCHEMA_ON_BUS), "bindings", "kafka", "key", "type", "string", "description",
                         key, "examples", "payload", schema_sample(type, true));
}

static json_t *servers(const char *brokers)
{
        json_t *all = json_object();
        char name[32];

        for (int i = 1; *brokers != '\0'; i++) {
                size_t len = strcspn(brokers, ", ");

                snprintf(name, sizeof name, "broker-%d", i);
                json_object_set_new(all, name,
                                    json_pack("{s:o, s:s}", "host", json_stringn(brokers, len), "protocol", "kafka"));
                brokers += len + strspn(brokers + len, ", ");
        }
        return all;
}

static json_t *asyncapi(const struct config *cfg)
{
        json_t *channels = json_object(), *messages = json_object();
        const struct catalogue_type *type;

        for (size_t i = 0; i < cfg->topics.count; i++)
                json_object_set_new(channels, cfg->topics.items[i].name, channel(&cfg->topics.items[i]));
        for (size_t i = 0; (type = catalogue_at(i)) != NULL; i++)
                json_object_set_new(messages, type->name, message(type));
        return json_pack("{s:s, s:{s:s, s:s}, s:s, s:o, s:o, s:{s:o}}", "asyncapi", "3.0.0", "info", "title",
                         "Events of the service-request aggregator", "version", PAWL_VERSION, "defaultContentType",
                         "application/json", "servers", servers(cfg->kafka.brokers), "channels", channels, "components",
                         "messages", messages);
}

/* ---- Markdown ---- */

static void print_markdown_field(const struct catalogue_field *field, bool first)
{
        char expected[160];

        printf("%s`%s`%s %s", first ? "" : ", ", field->name, field->required ? "*" : "",
               catalogue_expected(field, expected, sizeof expected));
        if (field->default_text != NULL)
                printf(" (`%s`)", field->default_text);
}

static int print_markdown(void)
{
        const struct catalogue_type *type;

        puts(
            "| type | what happened | members: `*` must be there, others may be missing or null; in brackets the default |\n|---|---|---|");
        for (size_t i = 0; (type = catalogue_at(i)) != NULL; i++) {
                printf("| `%s` | %s | ", type->name, type->summary);
                for (const struct catalogue_field *field = type->fields; field->name != NULL; field++)
                        print_markdown_field(field, field == type->fields);
                puts(" |");
        }
        return CTL_DONE;
}

/* ---- The command ---- */

static int print_samples(const struct catalogue_type *only)
{
        const struct catalogue_type *type;

        for (size_t i = 0; (type = catalogue_at(i)) != NULL; i++) {
                for (int complete = 1; complete >= 0 && (only == NULL || only == type); complete--) {
                        json_t *event = schema_sample(type, complete == 1);
                        char *text = json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(15));

                        puts(text != NULL ? text : "");
                        free(text);
                        json_decref(event);
                }
        }
        return CTL_DONE;
}

int cmd_schema(struct ctl *ctl, int argc, char **argv)
{
        enum { AS_SCHEMA, AS_ASYNCAPI, AS_MARKDOWN, AS_SAMPLES };
        static const struct option options[] = {{"asyncapi", no_argument, NULL, AS_ASYNCAPI},
                                                {"markdown", no_argument, NULL, AS_MARKDOWN},
                                                {"samples", no_argument, NULL, AS_SAMPLES},
                                                CTL_OPTIONS};
        const struct catalogue_type *only = NULL;
        int option, as = AS_SCHEMA;

        while ((option = ctl_getopt(ctl, argc, argv, options)) != -1) {
                if (option == '?')
                        return CTL_USAGE;
                as = option;
        }
        if (argc - optind > 1)
                return ctl_fail(CTL_USAGE, "schema: expected one type at most, found %d", argc - optind);
        if (optind < argc && (only = catalogue_find(pawl_text(argv[optind]))) == NULL) {
                const char *near = catalogue_nearest(argv[optind]);

                return ctl_fail(CTL_USAGE, "schema: no type %s in the catalogue%s%s", argv[optind],
                                near != NULL ? "; perhaps " : "", near != NULL ? near : "");
        }
        if (as == AS_ASYNCAPI)
                return ctl_config(ctl) != NULL ? print_json(asyncapi(ctl->cfg)) : CTL_FAILED;
        if (as == AS_MARKDOWN)
                return print_markdown();
        return as == AS_SAMPLES ? print_samples(only) : print_json(schema_document(only));
}

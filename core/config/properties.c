#include "base/memory.h"
#include "config/room.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Properties that a configuration may not set: they let a value run code or fake a cluster, or are Pawl's own to decide. The Kafka
 * room refuses the same when it makes a client; here they are refused with file and line. A star at the end stands for any rest.
 * `harmless`: values that say what Pawl does anyway, taken without a word; `pass`: and passed on. */
static const struct {
        const char *name;
        const char *harmless;
        const char *why;
        bool pass;
} refused[] = {
    {"plugin.library.paths", NULL, "it loads code into the process", false},
    {"sasl.kerberos.kinit.cmd", NULL, "it runs a command", false},
    {"ssl.engine.location", NULL, "it loads code into the process", false},
    {"ssl.engine.id", NULL, "it loads code into the process", false},
    {"ssl.providers", NULL, "it loads code into the process", false},
    {"test.mock.*", NULL, "it fakes a cluster", false},
    {"bootstrap.servers", NULL, "set kafka.brokers", false},
    {"metadata.broker.list", NULL, "set kafka.brokers", false},
    {"client.id", NULL, "Pawl names its clients by plugin and instance", false},
    {"group.id", NULL, "set the plugin's `group`", false},
    {"group.instance.id", NULL, "set kafka.static_membership", false},
    {"group.protocol", "classic", "Pawl speaks the classic protocol", false},
    {"group.remote.assignor", NULL, "Pawl speaks the classic protocol", false},
    {"partition.assignment.strategy", "range|roundrobin|range,roundrobin|roundrobin,range", "Pawl rebalances eagerly",
     true},
    {"auto.offset.reset", NULL, "set kafka.start and kafka.on_gap", false},
    {"enable.auto.commit", "false", "Pawl commits an offset only when all before it is done", false},
    {"auto.commit.enable", "false", "Pawl commits an offset only when all before it is done", false},
    {"auto.commit.interval.ms", NULL, "set the plugin's commit_interval", false},
    {"enable.auto.offset.store", "false", "Pawl commits an offset only when all before it is done", false},
    {"offset.store.method", "broker", "Pawl commits an offset only when all before it is done", false},
    {"enable.partition.eof", "false", "Pawl decides it by itself", false},
    {"enable.idempotence", "true", "without it an event can be lost, repeated or put out of order", false},
    {"acks", "all|-1", "fewer acknowledgements lose events", false},
    {"request.required.acks", "all|-1", "fewer acknowledgements lose events", false},
    {"retries", NULL, "deliveries are retried until their time-out", false},
    {"message.send.max.retries", NULL, "deliveries are retried until their time-out", false},
    {"enable.gapless.guarantee", "false", "it ends the client at the first message that is lost", false},
    {"delivery.report.only.error", "false", "an event is complete only when its deliveries are reported", false},
    {"transactional.id", NULL, "Pawl decides it by itself", false},
    {"partitioner", "murmur2_random", "with another one a key of the existing producers would stand in two partitions",
     false},
    {"allow.auto.create.topics", "false", "topics are created by `pawlctl topics create`", false},
    {"enabled_events", NULL, "Pawl serves librdkafka's events itself", false},
    {"log.queue", "true", "Pawl serves librdkafka's log itself", false},
    {"internal.termination.signal", NULL, "Pawl handles signals itself", false},
};

static bool secret_name(const char *name)
{
        return strstr(name, "password") != NULL || strstr(name, "secret") != NULL || strcmp(name, "ssl.key.pem") == 0 ||
               strcmp(name, "sasl.oauthbearer.config") == 0;
}

static bool matches(const char *pattern, const char *name)
{
        size_t len = strlen(pattern);

        return pattern[len - 1] == '*' ? strncmp(pattern, name, len - 1) == 0 : strcmp(pattern, name) == 0;
}

static bool one_of(const char *values, const char *value)
{
        size_t len = strlen(value);

        for (const char *at = values; at != NULL; at = strchr(at, '|'), at = at ? at + 1 : NULL)
                if (strcspn(at, "|") == len && strncmp(at, value, len) == 0)
                        return true;
        return false;
}

/* False: not to be passed on, either refused (an error was added) or harmless. */
static bool may_pass(struct config_reading *r, const struct config_value *v, const char *name, const char *value)
{
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
                if (!matches(refused[i].name, name))
                        continue;
                if (refused[i].harmless != NULL && one_of(refused[i].harmless, value))
                        return refused[i].pass;
                return config_error(r->errors, v->file, v->line, "the property %s may not be set: %s", name,
                                    refused[i].why);
        }
        if (strcmp(name, "debug") == 0 && (strstr(value, "conf") != NULL || strstr(value, "all") != NULL))
                return config_error(r->errors, v->file, v->line,
                                    "debug: expected contexts without \"conf\" and \"all\", which print passwords "
                                    "(for instance \"cgrp,topic,fetch\"), found \"%.60s\"",
                                    value);
        return true;
}

static bool valid_name(const char *name)
{
        return *name != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._") == strlen(name);
}

static void add_property(struct config_reading *r, struct config_properties *to, const struct config_value *v,
                         const char *name, const char *value, enum config_scope scope)
{
        if (!valid_name(name)) {
                config_error(r->errors, v->file, v->line,
                             "expected a property of librdkafka such as \"linger.ms\", found \"%.60s\"",
                             v->secret ? "a secret" : name);
                return;
        }
        if (!may_pass(r, v, name, value))
                return;
        config_properties_set(to, (struct config_property){
                                      .name = memory_string(name),
                                      .value = memory_string(value),
                                      .scope = scope,
                                      .secret = v->secret || secret_name(name),
                                      .file = v->file,
                                      .line = v->line,
                                  });
}

/* ("name", value) */
static bool read_pair(struct config_reading *r, struct config_properties *to, const struct config_value *v,
                      enum config_scope scope)
{
        const struct config_value *value;
        struct config_value place;
        char number[64];

        if (v->item_count != 2 || v->items[0].type != CONFIG_VALUE_STRING || v->items[0].secret ||
            v->items[1].type > CONFIG_VALUE_STRING)
                return false;
        value = &v->items[1];
        place = *v;
        place.secret = value->secret;
        if (value->type == CONFIG_VALUE_INT)
                snprintf(number, sizeof number, "%" PRId64, value->integer);
        else if (value->type == CONFIG_VALUE_FLOAT)
                snprintf(number, sizeof number, "%g", value->number);
        else if (value->type == CONFIG_VALUE_BOOL)
                snprintf(number, sizeof number, "%s", value->boolean ? "true" : "false");
        add_property(r, to, &place, v->items[0].text, value->type == CONFIG_VALUE_STRING ? value->text : number, scope);
        return true;
}

static bool read_item(struct config_reading *r, struct config_properties *to, const struct config_value *v,
                      enum config_scope scope)
{
        const char *equals = v->type == CONFIG_VALUE_STRING ? strchr(v->text, '=') : NULL;
        char *name;

        if (v->type == CONFIG_VALUE_LIST)
                return read_pair(r, to, v, scope);
        if (equals == NULL)
                return false;
        name = memory_copy(v->text, (size_t)(equals - v->text));
        add_property(r, to, v, name, equals + 1, scope);
        free(name);
        return true;
}

static bool read_list(struct config_reading *r, struct config_properties *to, const struct config_value *v,
                      enum config_scope scope)
{
        char found[96];

        if (v->type != CONFIG_VALUE_LIST)
                return config_error(r->errors, v->file, v->line,
                                    "%s: expected a list of \"name=value\" such as [ \"linger.ms=10\" ], found %s",
                                    v->name, config_value_describe(v, found));
        for (size_t i = 0; i < v->item_count; i++)
                if (!read_item(r, to, &v->items[i], scope))
                        config_error(r->errors, v->items[i].file, v->items[i].line,
                                     "%s: expected \"name=value\" or (\"name\", value), found %s", v->name,
                                     config_value_describe(&v->items[i], found));
        return true;
}

/* The same keys stand in the host's table and in the plugins': which struct `target` is says the reading. */
static struct config_properties *properties_of(const struct config_reading *r, void *target)
{
        if (target == r->cfg)
                return &r->cfg->kafka.properties;
        return &((struct config_plugin *)target)->kafka.properties;
}

bool config_read_properties(struct config_reading *r, void *target, const struct config_value *v)
{
        return read_list(r, properties_of(r, target), v, CONFIG_SCOPE_ALL);
}

bool config_read_consumer_properties(struct config_reading *r, void *target, const struct config_value *v)
{
        return read_list(r, properties_of(r, target), v, CONFIG_SCOPE_CONSUMER);
}

bool config_read_producer_properties(struct config_reading *r, void *target, const struct config_value *v)
{
        return read_list(r, properties_of(r, target), v, CONFIG_SCOPE_PRODUCER);
}

static void free_property(struct config_property *p)
{
        if (p->secret && p->value != NULL)
                explicit_bzero(p->value, strlen(p->value));
        free(p->name);
        free(p->value);
}

/* What was set before under this name, for these clients, is replaced; the newest stands last, so that applying in order is right. */
void config_properties_set(struct config_properties *properties, struct config_property property)
{
        size_t kept = 0;

        for (size_t i = 0; i < properties->count; i++) {
                struct config_property *p = &properties->items[i];
                bool same = strcmp(p->name, property.name) == 0 &&
                            (property.scope == CONFIG_SCOPE_ALL || p->scope == property.scope);

                if (same)
                        free_property(p);
                else
                        properties->items[kept++] = *p;
        }
        properties->items = memory_resize(properties->items, kept + 1, sizeof *properties->items);
        properties->items[kept] = property;
        properties->count = kept + 1;
}

void config_properties_copy(struct config_properties *to, const struct config_properties *from)
{
        for (size_t i = 0; i < from->count; i++) {
                struct config_property p = from->items[i];

                p.name = memory_string(p.name);
                p.value = memory_string(p.value);
                config_properties_set(to, p);
        }
}

void config_properties_free(struct config_properties *properties)
{
        for (size_t i = 0; i < properties->count; i++)
                free_property(&properties->items[i]);
        free(properties->items);
        *properties = (struct config_properties){0};
}

static const struct config_property *find(const struct config_properties *in, const struct config_property *wanted)
{
        for (size_t i = 0; i < in->count; i++)
                if (in->items[i].scope == wanted->scope && strcmp(in->items[i].name, wanted->name) == 0)
                        return &in->items[i];
        return NULL;
}

bool config_properties_equal(const struct config_properties *a, const struct config_properties *b)
{
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++) {
                const struct config_property *other = find(b, &a->items[i]);

                if (other == NULL || strcmp(other->value, a->items[i].value) != 0)
                        return false;
        }
        return true;
}

#include "routing.h"

#include "common/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct routing {
        struct rule *rules;
        size_t count;
};

const struct pawl_setting routing_fields[ROUTING_FIELD_COUNT] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "event", "the type of event that is told of"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "to",
                       "who is told: customer, manager, contractor, region_managers, or an address as CHANNEL:ADDRESS"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "template", "the message"),
    PAWL_SETTING_LIST(0, PAWL_TYPE_STRING, "channels", "the channels it may go out on; all when it is left out"),
    PAWL_SETTING_MAP(
        0, PAWL_TYPE_STRING, "when",
        "fields that must have a value: \"a|b\" is either, \"!a\" neither, and a * at its end stands for anything"),
    PAWL_SETTING_BOOL("all", "false", "on every channel that the recipient has, else on the first"),
    PAWL_SETTING_BOOL("urgent", "false",
                      "in quiet hours too, and by the rule's order of channels, not by the recipient's"),
    PAWL_SETTING_BOOL("optional", "false", "recipients may unsubscribe from it"),
    PAWL_SETTING_BOOL("if_any", "false", "a request that has nobody to be told is no failure"),
};

/* What is being read, for the texts of faults. */
struct reading {
        struct pawl_instance *instance;
        const struct template_set *templates;
        struct faults *faults;
        const struct pawl_value *row;
        uint32_t number; /* from 0, as the host counts */
};

static const char *string_of(const struct reading *r, const char *name)
{
        return pawl_value_string(r->instance, pawl_value_member(r->instance, r->row, name)).ptr;
}

static bool flag_of(const struct reading *r, const char *name)
{
        return pawl_value_int(r->instance, pawl_value_member(r->instance, r->row, name)) != 0;
}

/* ---- The event ---- */

static bool can_be_told_of(const char *type)
{
        return catalogue_find(pawl_text(type)) != NULL && strncmp(type, "notification.", 13) != 0 &&
               strncmp(type, "audit.", 6) != 0;
}

/* How many letters at the begin and at the end two names share: enough to find the one that was meant. */
static size_t likeness(const char *a, const char *b)
{
        size_t la = strlen(a), lb = strlen(b), begin = 0, end = 0;

        while (begin < la && begin < lb && a[begin] == b[begin])
                begin++;
        while (end < la - begin && end < lb - begin && a[la - 1 - end] == b[lb - 1 - end])
                end++;
        return begin + end;
}

static const char *nearest_type(const char *wanted)
{
        const struct catalogue_type *type;
        const char *best = "request.created";

        for (size_t i = 0; (type = catalogue_at(i)) != NULL; i++) {
                if (can_be_told_of(type->name) && likeness(type->name, wanted) > likeness(best, wanted))
                        best = type->name;
        }
        return best;
}

static void read_event(const struct reading *r, struct rule *rule)
{
        rule->event_type = string_of(r, "event");
        if (!can_be_told_of(rule->event_type))
                faults_add(
                    r->faults,
                    "rules[%u]: event: expected a type of request, workflow, security or hr event, found \"%s\"; the"
                    " nearest is %s",
                    r->number, rule->event_type, nearest_type(rule->event_type));
}

/* ---- The recipients and the channels ---- */

static void read_address(const struct reading *r, struct rule *rule, const char *to)
{
        size_t len = strcspn(to, ":");
        int kind = to[len] == ':' ? address_kind(to, len) : -1;

        rule->to = TO_ADDRESS;
        rule->address = "";
        if (kind < 0) {
                faults_add(r->faults,
                           "rules[%u]: to: expected customer, manager, contractor, region_managers, email:ADDRESS,"
                           " telegram:CHAT or sms:NUMBER, found \"%s\"",
                           r->number, to);
                return;
        }
        rule->address = to + len + 1;
        rule->channels[0] = kind;
        rule->channel_count = 1;
        if (!address_valid(kind, rule->address))
                faults_add(r->faults, "rules[%u]: to: expected %s, found \"%s\"", r->number, address_expected(kind),
                           rule->address);
        if (pawl_value_member(r->instance, r->row, "channels") != NULL)
                faults_add(r->faults,
                           "rules[%u]: channels: expected none, as the address in `to` has its channel, found some",
                           r->number);
}

static void read_to(const struct reading *r, struct rule *rule)
{
        const char *to = string_of(r, "to");

        for (int i = 0; i < PARTY_COUNT; i++) {
                if (strcmp(party_role((enum party)i), to) == 0) {
                        rule->to = (enum rule_to)i;
                        return;
                }
        }
        if (strcmp(to, "region_managers") == 0)
                rule->to = TO_REGION_MANAGERS;
        else
                read_address(r, rule, to);
}

static bool has_channel(const struct rule *rule, int kind)
{
        for (size_t i = 0; i < rule->channel_count; i++) {
                if (rule->channels[i] == kind)
                        return true;
        }
        return false;
}

static void read_channels(const struct reading *r, struct rule *rule)
{
        const struct pawl_value *list = pawl_value_member(r->instance, r->row, "channels");

        if (rule->to == TO_ADDRESS)
                return;
        for (uint32_t i = 0; list == NULL && i < ADDRESS_KINDS; i++)
                rule->channels[rule->channel_count++] = (int)i;
        for (uint32_t i = 0; i < pawl_value_count(r->instance, list); i++) {
                struct pawl_str name = pawl_value_string(r->instance, pawl_value_at(r->instance, list, i, NULL));
                int kind = address_kind(name.ptr, name.len);

                if (kind < 0)
                        faults_add(r->faults, "rules[%u]: channels: expected " ADDRESS_CHANNELS ", found \"%s\"",
                                   r->number, name.ptr);
                else if (has_channel(rule, kind))
                        faults_add(r->faults, "rules[%u]: channels: expected each once, found %s twice", r->number,
                                   name.ptr);
                else
                        rule->channels[rule->channel_count++] = kind;
        }
        if (list != NULL && pawl_value_count(r->instance, list) == 0)
                faults_add(r->faults, "rules[%u]: channels: expected " ADDRESS_CHANNELS ", found none", r->number);
}

/* ---- The message ---- */

static void read_template(const struct reading *r, struct rule *rule)
{
        char list[1024];

        rule->message = string_of(r, "template");
        if (!template_message_known(r->templates, rule->message)) {
                faults_add(r->faults, "rules[%u]: template: expected one of %s, found \"%s\"", r->number,
                           template_list(r->templates, list, sizeof list), rule->message);
                return;
        }
        for (size_t i = 0; i < rule->channel_count; i++) {
                const char *channel = address_channel(rule->channels[i]);

                if (!template_channel_known(r->templates, rule->message, channel))
                        faults_add(
                            r->faults,
                            "rules[%u]: template: expected %s.%s.LANGUAGE.txt for the default language, found none",
                            r->number, rule->message, channel);
        }
}

/* Of a type that is refused anyway all names: what else is wrong should not be hidden behind that. */
static void add_names(const struct rule *rule, const char *names[MESSAGE_FIELDS_MAX], size_t *count)
{
        message_names(can_be_told_of(rule->event_type) ? rule->event_type : NULL, names, count);
}

static void read_when(const struct reading *r, struct rule *rule)
{
        const char *names[MESSAGE_FIELDS_MAX] = {0};
        size_t count = 0;
        struct pawl_str name;

        rule->when = pawl_value_member(r->instance, r->row, "when");
        add_names(rule, names, &count);
        for (uint32_t i = 0; i < pawl_value_count(r->instance, rule->when); i++) {
                size_t n = 0;

                pawl_value_at(r->instance, rule->when, i, &name);
                while (n < count && strcmp(names[n], name.ptr) != 0)
                        n++;
                if (n == count)
                        faults_add(r->faults, "rules[%u]: when: expected a field of %s or of its request, found \"%s\"",
                                   r->number, rule->event_type, name.ptr);
        }
}

static void read_rule(const struct reading *r, struct rule *rule)
{
        read_event(r, rule);
        read_to(r, rule);
        read_channels(r, rule);
        read_template(r, rule);
        read_when(r, rule);
        rule->all = flag_of(r, "all");
        rule->urgent = flag_of(r, "urgent");
        rule->optional = flag_of(r, "optional");
        rule->if_any = flag_of(r, "if_any");
}

struct routing *routing_read(struct pawl_instance *instance, const struct template_set *templates,
                             struct faults *faults)
{
        const struct pawl_value *rows = pawl_setting_value(instance, "rules");
        struct reading r = {.instance = instance, .templates = templates, .faults = faults};
        struct routing *routing = calloc(1, sizeof *routing);

        if (routing == NULL)
                return NULL;
        routing->count = pawl_value_count(instance, rows);
        routing->rules = calloc(routing->count + 1, sizeof *routing->rules);
        if (routing->rules == NULL) {
                free(routing);
                return NULL;
        }
        for (uint32_t i = 0; i < routing->count; i++) {
                r.row = pawl_value_at(instance, rows, i, NULL);
                r.number = i;
                read_rule(&r, &routing->rules[i]);
        }
        return routing;
}

void routing_free(struct routing **routing)
{
        if (*routing == NULL)
                return;
        free((*routing)->rules);
        free(*routing);
        *routing = NULL;
}

const struct rule *routing_next(const struct routing *routing, struct pawl_str event_type, const struct rule *previous)
{
        for (size_t i = previous != NULL ? (size_t)(previous - routing->rules) + 1 : 0; i < routing->count; i++) {
                const struct rule *rule = &routing->rules[i];

                if (strlen(rule->event_type) == event_type.len &&
                    memcmp(rule->event_type, event_type.ptr, event_type.len) == 0)
                        return rule;
        }
        return NULL;
}

/* "high", or "deadline missed*". */
static bool is_like(const char *value, const char *pattern, size_t len)
{
        if (len > 0 && pattern[len - 1] == '*')
                return strncmp(value, pattern, len - 1) == 0;
        return strlen(value) == len && memcmp(value, pattern, len) == 0;
}

static bool holds(const char *value, const char *wanted)
{
        bool inverted = wanted[0] == '!', found = false;

        wanted += inverted;
        for (;;) {
                size_t len = strcspn(wanted, "|");

                found = found || is_like(value != NULL ? value : "", wanted, len);
                if (wanted[len] == '\0')
                        return found != inverted;
                wanted += len + 1;
        }
}

bool routing_fits(struct pawl_instance *instance, const struct rule *rule, const struct message_values *values)
{
        struct pawl_str name;

        for (uint32_t i = 0; i < pawl_value_count(instance, rule->when); i++) {
                const struct pawl_value *wanted = pawl_value_at(instance, rule->when, i, &name);

                if (!holds(message_value(values, name.ptr), pawl_value_string(instance, wanted).ptr))
                        return false;
        }
        return true;
}

size_t routing_names(void *self, const char *message, const char *names[MESSAGE_FIELDS_MAX])
{
        const struct routing *routing = self;
        size_t count = 0;

        for (size_t i = 0; i < routing->count; i++) {
                if (strcmp(routing->rules[i].message, message) == 0)
                        add_names(&routing->rules[i], names, &count);
        }
        if (count == 0)
                message_names(NULL, names, &count);
        return count;
}

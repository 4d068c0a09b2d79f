/*
 * notifications: tells people what happens to their requests, by e-mail.
 *
 * An event is handled when its deliveries stand as rows in the database (store.h); the sender (sender.h) works through the rows,
 * so a mail server that is away holds up no event. Which event writes to whom stands in the table `rules`.
 */
#include "channel_settings.h"
#include "delivery_commands.h"
#include "recipients.h"
#include "sender.h"
#include "store.h"
#include "template.h"

#include <inttypes.h>
#include <pawl/plugin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long an event about a request that is not known yet may wait for the request's own event, from another topic. */
#define FACTS_WAIT PAWL_S(60)

struct notifications {
        struct pawl_instance *instance;
        struct recipients *people;
        struct template_set *templates;
        struct sender *sender;
        char *language;
        int64_t deadline;
        char store_path[4096];
        pthread_mutex_t mutex; /* guards store, which the handlers' threads share */
        struct store *store;
};

static const struct pawl_metric metrics[] = {SENDER_METRICS};

/* One message that an event causes. */
struct rule {
        const char *event_type;
        const char *message_type; /* the template */
        const char *role;         /* of the recipient, in the recipients' file */
        const char *recipient_id; /* the event's member that holds his id */
        bool needs_facts;         /* the event itself does not tell what the request is about */
};

static const struct rule rules[] = {
    {"request.created", "request_confirmation", "customer", "customer_id", false},
    {"workflow.manager_assigned", "manager_assignment", "manager", "manager_id", true},
};

static const char *const message_types[] = {"request_confirmation", "manager_assignment", NULL};

static const char *const field_names[] = {"request_id", "recipient_name", "title",  "region", "city",
                                          "address",    "urgency",        "reason", NULL};

static const struct rule *rule_of(const struct pawl_event *ev)
{
        struct pawl_str type = pawl_event_type(ev);

        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
                if (strlen(rules[i].event_type) == type.len && memcmp(rules[i].event_type, type.ptr, type.len) == 0)
                        return &rules[i];
        }
        return NULL;
}

/* A copy of a string member; NULL where it is missing. */
static char *member(const struct pawl_event *ev, const char *name)
{
        struct pawl_str text;

        return pawl_event_string(ev, name, &text) ? strndup(text.ptr, text.len) : NULL;
}

static void facts_of(const struct pawl_event *ev, struct request_facts *facts)
{
        facts->title = member(ev, "title");
        facts->region = member(ev, "region");
        facts->city = member(ev, "city");
        facts->address = member(ev, "address");
        facts->urgency = member(ev, "urgency");
        pawl_event_int(ev, "customer_id", &facts->customer_id);
}

/* The result for a failure of the store, with its reason. */
static pawl_result store_outcome(struct pawl_ctx *ctx, pawl_result result, const char *error)
{
        if (result == PAWL_FATAL)
                return pawl_fatal(ctx, "%s", error);
        return result == PAWL_RETRY ? pawl_retry(ctx, "%s", error) : pawl_unavailable(ctx, "%s", error);
}

/* The store, opened on first use: create must leave the file alone. Call with the mutex held. */
static pawl_result open_store(struct notifications *n, struct pawl_ctx *ctx)
{
        char error[512];
        pawl_result result = PAWL_OK;

        if (n->store == NULL)
                n->store = store_open(n->store_path, error, sizeof error, &result);
        return n->store != NULL ? PAWL_OK : store_outcome(ctx, result, error);
}

/*
 * What is known of the request: from the event itself, or from what its request.created left. PAWL_OK also when nothing is
 * known and waiting longer is no use: a notice with gaps is better than none.
 */
static pawl_result learn(struct notifications *n, struct pawl_ctx *ctx, const struct pawl_event *ev,
                         const struct rule *rule, struct request_facts *facts)
{
        pawl_result status;
        bool found;

        if (!rule->needs_facts) {
                facts_of(ev, facts);
                return PAWL_OK;
        }
        status = store_facts(n->store, facts->request_id, facts, &found);
        if (status != PAWL_OK)
                return store_outcome(ctx, status, store_error(n->store));
        if (!found && pawl_now(n->instance) - pawl_event_timestamp(ev) < FACTS_WAIT)
                return pawl_wait(ctx, "request %" PRId64 " is not known yet: its request.created was not read so far",
                                 facts->request_id);
        return PAWL_OK;
}

static bool render(const struct notifications *n, const struct pawl_event *ev, const struct rule *rule,
                   const struct recipient *to, const struct request_facts *facts, struct template_text *text)
{
        char id[24];
        char *reason = member(ev, "assignment_reason");
        const struct template_field fields[] = {
            {"request_id", id},          {"recipient_name", to ? to->name : NULL},
            {"title", facts->title},     {"region", facts->region},
            {"city", facts->city},       {"address", facts->address},
            {"urgency", facts->urgency}, {"reason", reason},
        };
        bool ok;

        snprintf(id, sizeof id, "%" PRId64, facts->request_id);
        ok = template_render(n->templates, rule->message_type, to && to->language[0] ? to->language : n->language,
                             fields, sizeof fields / sizeof fields[0], text);
        free(reason);
        return ok;
}

static const struct recipient *recipient_of(const struct notifications *n, const struct rule *rule, int64_t id,
                                            const struct request_facts *facts)
{
        const struct recipient *to = recipients_find(n->people, rule->role, id);

        if (to == NULL && strcmp(rule->role, "manager") == 0 && facts->region != NULL)
                to = recipients_of_region(n->people, facts->region);
        return to;
}

/* What a repeat of the event has in common with it: its id, so that one that was published twice is told of once; else its place. */
static void name_of(const struct pawl_event *ev, char *name, size_t size)
{
        struct pawl_str id = pawl_event_id(ev), topic = pawl_event_topic(ev);

        if (id.len > 0 && id.len < size)
                snprintf(name, size, "%.*s", (int)id.len, id.ptr);
        else
                snprintf(name, size, "%.*s/%" PRId32 "/%" PRId64, (int)topic.len, topic.ptr, pawl_event_partition(ev),
                         pawl_event_offset(ev));
}

/* Writes the delivery's row, and what is to be remembered, in one transaction. */
static pawl_result queue(struct notifications *n, struct pawl_ctx *ctx, const struct pawl_event *ev,
                         const struct rule *rule, int64_t recipient_id, const struct request_facts *facts)
{
        const struct recipient *to = recipient_of(n, rule, recipient_id, facts);
        struct pawl_str correlation = pawl_event_correlation_id(ev);
        char event[320], nobody[128];
        struct template_text text;
        struct delivery d = {.event = event, .channel = "email", .recipient_id = recipient_id};
        pawl_result status;
        bool known;

        if (!render(n, ev, rule, to, facts, &text))
                return pawl_retry(ctx, "out of memory");
        name_of(ev, event, sizeof event);
        snprintf(nobody, sizeof nobody, "no address is known of %s %" PRId64, rule->role, recipient_id);
        d.correlation_id = correlation.ptr ? strndup(correlation.ptr, correlation.len) : NULL;
        d.message_type = (char *)rule->message_type;
        d.request_id = facts->request_id;
        d.address = to ? to->email : "";
        d.error = to ? NULL : nobody;
        d.subject = text.subject;
        d.text = text.body;
        d.created = pawl_now(n->instance);
        d.deadline = d.created + n->deadline;
        status = store_add(n->store, event, rule->needs_facts ? NULL : facts, &d, 1, &known);
        free(d.correlation_id);
        template_text_free(&text);
        if (status != PAWL_OK)
                return store_outcome(ctx, status, store_error(n->store));
        if (!known)
                pawl_info(ctx, "%s to %s is queued", rule->message_type, to ? to->email : nobody);
        return PAWL_OK;
}

static pawl_result on_event(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        struct notifications *n = self;
        const struct rule *rule = rule_of(ev);
        struct request_facts facts = {0};
        int64_t recipient_id;
        pawl_result result;

        if (!pawl_event_int(ev, "request_id", &facts.request_id))
                return pawl_reject_field(ctx, ev, "request_id", "an integer");
        if (!pawl_event_int(ev, rule->recipient_id, &recipient_id))
                return pawl_reject_field(ctx, ev, rule->recipient_id, "an integer");
        pthread_mutex_lock(&n->mutex);
        result = open_store(n, ctx);
        if (result == PAWL_OK)
                result = learn(n, ctx, ev, rule, &facts);
        if (result == PAWL_OK)
                result = queue(n, ctx, ev, rule, recipient_id, &facts);
        pthread_mutex_unlock(&n->mutex);
        request_facts_clear(&facts);
        if (result == PAWL_OK)
                sender_wake(n->sender);
        return result;
}

static void notifications_destroy(void *self)
{
        struct notifications *n = self;

        sender_free(&n->sender);
        store_close(&n->store);
        templates_free(&n->templates);
        recipients_free(&n->people);
        pthread_mutex_destroy(&n->mutex);
        free(n->language);
        free(n);
}

static bool read_regions(struct notifications *n, char *error, size_t size)
{
        struct pawl_instance *in = n->instance;
        const struct pawl_value *regions = pawl_setting_value(in, "regions");

        for (uint32_t i = 0; i < pawl_value_count(in, regions); i++) {
                const struct pawl_value *row = pawl_value_at(in, regions, i, NULL);

                if (!recipients_add_region(n->people, pawl_value_string(in, pawl_value_member(in, row, "region")).ptr,
                                           pawl_value_string(in, pawl_value_member(in, row, "email")).ptr,
                                           pawl_value_string(in, pawl_value_member(in, row, "language")).ptr, error,
                                           size))
                        return false;
        }
        return true;
}

static bool prepare(struct notifications *n, char *error, size_t size)
{
        struct pawl_instance *in = n->instance;

        snprintf(error, size, "out of memory");
        n->language = strdup(pawl_setting_string(in, "language").ptr);
        n->deadline = pawl_setting_int(in, "deadline");
        snprintf(n->store_path, sizeof n->store_path, "%s/notifications.db", pawl_about_state_dir(in).ptr);
        if (n->language == NULL)
                return false;
        if (!store_check(n->store_path, error, size))
                return false;
        n->templates = templates_read(pawl_setting_string(in, "templates").ptr, message_types, n->language, field_names,
                                      error, size);
        if (n->templates == NULL)
                return false;
        n->people = recipients_read(pawl_setting_string(in, "recipients").ptr, error, size);
        if (n->people == NULL || !read_regions(n, error, size))
                return false;
        n->sender = channel_settings_sender(in, n->store_path, error, size);
        return n->sender != NULL;
}

static bool notifications_create(struct pawl_instance *instance, void **self)
{
        struct notifications *n = calloc(1, sizeof *n);
        char error[1024] = "out of memory";

        if (n == NULL)
                return pawl_fail(instance, "%s", error);
        n->instance = instance;
        pthread_mutex_init(&n->mutex, NULL);
        if (!prepare(n, error, sizeof error)) {
                notifications_destroy(n);
                return pawl_fail(instance, "%s", error);
        }
        *self = n;
        return true;
}

static void notifications_start(void *self)
{
        struct notifications *n = self;

        sender_start(n->sender);
}

static void notifications_quiesce(void *self)
{
        struct notifications *n = self;

        sender_quiesce(n->sender);
}

static void notifications_stop(void *self)
{
        struct notifications *n = self;

        sender_stop(n->sender);
}

static int32_t deliveries(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        const struct notifications *n = self;

        return command_deliveries(ctx, argv, argc, n->store_path);
}

static int32_t channels(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        const struct notifications *n = self;

        (void)argv;
        (void)argc;
        return command_channels(ctx, n->sender);
}

static int32_t retry(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        const struct notifications *n = self;

        return command_retry(ctx, argv, argc, n->store_path, n->sender);
}

static const struct pawl_setting region_fields[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "region", "as it stands in the events"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "email", "the mailbox of the region's managers"),
    PAWL_SETTING_STRING("language", "", "of the mails to it; the default language where it is left out"),
};

static const struct pawl_setting settings[] = {
    CHANNEL_SETTINGS,
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, PAWL_REQUIRED, "recipients", "CSV file with id,role,name,email,language"),
    PAWL_SETTING_TABLES(0, "regions", region_fields, "mailboxes for managers whom the recipients' file does not know"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, PAWL_REQUIRED, "templates", "folder with MESSAGE.LANGUAGE.txt"),
    PAWL_SETTING_STRING("language", "ru", "of people whose language is not known"),
};

static const struct pawl_handler handlers[] = {
    PAWL_ON("request.created", on_event),
    PAWL_ON("workflow.manager_assigned", on_event),
};

static const struct pawl_command commands[] = {
    PAWL_COMMAND("deliveries", COMMAND_DELIVERIES_USAGE, "lists the newest deliveries", deliveries),
    PAWL_COMMAND("channels", "", "shows each channel: its circuit breaker, what is queued, being sent, done", channels),
    PAWL_COMMAND("retry", "ID", "queues a failed delivery again, with a new deadline", retry),
};

static const struct pawl_need needs[] = {
    PAWL_NEED(PAWL_NEED_TOPIC, "notification-events", "what became of each delivery"),
};

static const struct pawl_plugin notifications = {
    PAWL_DESCRIPTOR("notifications", "1.0.0"),
    .handlers = PAWL_ARRAY(handlers),
    .settings = PAWL_ARRAY(settings),
    .metrics = PAWL_ARRAY(metrics),
    .commands = PAWL_ARRAY(commands),
    .needs = PAWL_ARRAY(needs),
    .create = notifications_create,
    .start = notifications_start,
    .quiesce = notifications_quiesce,
    .stop = notifications_stop,
    .destroy = notifications_destroy,
    .swap = PAWL_SWAP_HANDOVER,
};
PAWL_EXPORT(notifications);

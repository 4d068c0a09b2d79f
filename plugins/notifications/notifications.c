/*
 * notifications: tells people what happens to their requests, by e-mail, Telegram and SMS.
 *
 * An event is handled when its deliveries stand as rows in the database (handling.c, store.h); the sender (sender.h) works through the rows,
 * so a provider that is away holds up no event. Which event writes to whom stands in the settings (routing.h).
 */
#include "notifications.h"

#include "channel_settings.h"
#include "delivery_commands.h"
#include "faults.h"
#include "people_file.h"
#include "quiet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct pawl_metric metrics[] = {SENDER_METRICS};

static void notifications_destroy(void *self)
{
        struct notifications *n = self;

        sender_free(&n->sender);
        store_close(&n->store);
        directory_close(&n->directory);
        routing_free(&n->routing);
        templates_free(&n->templates);
        people_clear(&n->regions);
        people_clear(&n->people);
        pthread_mutex_destroy(&n->mutex);
        free(n);
}

/* ---- create ---- */

static void read_region(struct notifications *n, const struct pawl_value *row, uint32_t number, struct faults *faults)
{
        static const struct {
                const char *setting;
                enum person_value value;
        } members[] = {{"region", PERSON_REGION}, {"name", PERSON_NAME},
                       {"email", PERSON_EMAIL},   {"telegram", PERSON_TELEGRAM_CHAT_ID},
                       {"sms", PERSON_PHONE},     {"language", PERSON_LANGUAGE}};
        struct person mailbox = {.id = PERSON_NOBODY};
        char where[32];
        bool ok = person_set(&mailbox, PERSON_ROLE, "manager");

        snprintf(where, sizeof where, "regions[%" PRIu32 "]", number);
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
                const struct pawl_value *value = pawl_value_member(n->instance, row, members[i].setting);
                struct pawl_str text = pawl_value_string(n->instance, value);

                ok = ok && (text.ptr == NULL || person_set(&mailbox, members[i].value, text.ptr));
        }
        ok = ok && person_check(&mailbox, where, faults);
        if (ok && mailbox.values[PERSON_EMAIL][0] == '\0' && mailbox.values[PERSON_TELEGRAM_CHAT_ID][0] == '\0' &&
            mailbox.values[PERSON_PHONE][0] == '\0')
                faults_add(faults, "%s: expected email, telegram or sms, found none", where);
        if (!ok || !people_add(&n->regions, &mailbox))
                person_clear(&mailbox);
}

/* The file that fills the directory. Read now, so that a fault in it refuses the start; written when the first event comes. */
static void read_people(struct notifications *n, struct faults *faults)
{
        n->people_path = pawl_setting_string(n->instance, "recipients").ptr;
        if (n->people_path == NULL)
                return;
        if (people_file_state(n->people_path, n->people_state, sizeof n->people_state))
                people_file_read(n->people_path, &n->people, faults);
        else
                faults_add(faults, "%s: expected a file, found none that can be read", n->people_path);
}

static void read_rules(struct notifications *n, struct faults *faults)
{
        const char *folder = pawl_setting_string(n->instance, "templates").ptr;

        n->templates = templates_read(folder, n->language, faults);
        if (n->templates == NULL)
                return;
        n->routing = routing_read(n->instance, n->templates, faults);
        if (n->routing != NULL)
                templates_check(n->templates, routing_names, n->routing, faults);
}

static void check_values(const struct notifications *n, struct faults *faults)
{
        const char *url = n->unsubscribe_url;

        if (!quiet_zone_known(n->time_zone))
                faults_add(faults, "time_zone: expected a time zone like Europe/Moscow, found \"%s\"", n->time_zone);
        if (url[0] != '\0' && strncmp(url, "https://", 8) != 0 && strncmp(url, "mailto:", 7) != 0)
                faults_add(faults, "unsubscribe_url: expected https://… or mailto:…, found \"%s\"", url);
        for (; *url != '\0'; url++) {
                if ((unsigned char)*url <= ' ' || strchr("<>\"\x7f", *url) != NULL) {
                        faults_add(faults, "unsubscribe_url: expected no space, control character, < or >, found one");
                        break;
                }
        }
}

static void read_settings(struct notifications *n, struct faults *faults)
{
        struct pawl_instance *in = n->instance;
        const struct pawl_value *regions = pawl_setting_value(in, "regions");
        const char *folder = pawl_about_state_dir(in).ptr;
        char error[512];

        n->language = pawl_setting_string(in, "language").ptr;
        n->time_zone = pawl_setting_string(in, "time_zone").ptr;
        n->unsubscribe_url = pawl_setting_string(in, "unsubscribe_url").ptr;
        n->deadline = pawl_setting_int(in, "deadline");
        n->configured[ADDRESS_EMAIL] = pawl_setting_value(in, "smtp") != NULL;
        n->configured[ADDRESS_TELEGRAM] = pawl_setting_value(in, "telegram") != NULL;
        n->configured[ADDRESS_SMS] = pawl_setting_value(in, "sms") != NULL;
        snprintf(n->store_path, sizeof n->store_path, "%s/notifications.db", folder);
        snprintf(n->directory_path, sizeof n->directory_path, "%s/recipients.db", folder);
        if (!store_check(n->store_path, error, sizeof error))
                faults_add(faults, "%s", error);
        if (!directory_check(n->directory_path, error, sizeof error))
                faults_add(faults, "%s", error);
        check_values(n, faults);
        read_people(n, faults);
        for (uint32_t i = 0; i < pawl_value_count(in, regions); i++)
                read_region(n, pawl_value_at(in, regions, i, NULL), i, faults);
        read_rules(n, faults);
}

/* The reason of a failed create is short; the log has room for everything. */
static bool refuse(struct notifications *n, struct faults *faults)
{
        struct pawl_instance *instance = n->instance;
        const char *text = faults_text(faults);

        if (strlen(text) > 900)
                pawl_log(instance, PAWL_LOG_ERROR, "%s", text);
        pawl_fail(instance, "%s", text[0] ? text : "out of memory");
        faults_clear(faults);
        notifications_destroy(n);
        return false;
}

static bool notifications_create(struct pawl_instance *instance, void **self)
{
        struct notifications *n = calloc(1, sizeof *n);
        struct faults faults = {0};
        char error[1024];

        if (n == NULL)
                return pawl_fail(instance, "out of memory");
        n->instance = instance;
        pthread_mutex_init(&n->mutex, NULL);
        read_settings(n, &faults);
        if (faults.count > 0 || n->routing == NULL)
                return refuse(n, &faults);
        n->sender = channel_settings_sender(instance, n->store_path, error, sizeof error);
        if (n->sender == NULL) {
                faults_add(&faults, "%s", error);
                return refuse(n, &faults);
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
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, 0, "name", "whom the messages address"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, 0, "email", "the e-mail address of the region's managers"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, 0, "telegram", "the number of their Telegram chat"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, 0, "sms", "their telephone number"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, 0, "language", "of the messages; the default language where it is left out"),
};

static const struct pawl_setting settings[] = {
    CHANNEL_SETTINGS,
    PAWL_SETTING_TABLES(PAWL_REQUIRED, "rules", routing_fields, "which event is told to whom"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, PAWL_REQUIRED, "templates", "the folder with the messages' templates"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, 0, "recipients",
                       "a CSV file of recipients that is read into the directory at start, when it has changed"),
    PAWL_SETTING_TABLES(0, "regions", region_fields,
                        "where a region's managers are reached, besides those in the directory"),
    PAWL_SETTING_STRING("language", "ru", "of people whose language is not known"),
    PAWL_SETTING_STRING("time_zone", "UTC", "of people whose time zone is not known, for their quiet hours"),
    PAWL_SETTING_STRING("unsubscribe_url", "",
                        "where a recipient can unsubscribe from optional messages; {{recipient_id}} becomes his id"),
};

/* An event may wait for its request's own longer than some hosts are configured to let one wait. */
#define TELL(type) PAWL_ON_WITH(type, notifications_on_event, 0, 0, PAWL_S(300))

static const struct pawl_handler handlers[] = {
    TELL("request.created"),
    TELL("request.updated"),
    TELL("request.cancelled"),
    TELL("request.clarification_needed"),
    TELL("workflow.manager_assigned"),
    TELL("workflow.sent_to_contractors"),
    TELL("workflow.contractor_assigned"),
    TELL("workflow.work_started"),
    TELL("workflow.work_completed"),
    TELL("workflow.status_changed"),
    TELL("security.contractor_verified"),
    TELL("security.contractor_rejected"),
    TELL("security.access_granted"),
    TELL("security.access_revoked"),
    TELL("hr.document_created"),
    TELL("hr.document_signed"),
    TELL("hr.contract_generated"),
    TELL("hr.payment_processed"),
};

static const struct pawl_command commands[] = {
    PAWL_COMMAND("deliveries", COMMAND_DELIVERIES_USAGE, "lists the newest deliveries", deliveries),
    PAWL_COMMAND("channels", "", "shows each channel: its circuit breaker, what is queued, being sent, done", channels),
    PAWL_COMMAND("retry", "ID", "queues a failed delivery again, with a new deadline", retry),
    PAWL_COMMAND("recipients", "import FILE.csv [--dry-run] [--replace] | list | show ID",
                 "fills the directory from a file, or shows who stands in it", notifications_recipients),
    PAWL_COMMAND("preview", "TEMPLATE [--channel CHANNEL] [--language LANGUAGE] [FIELD=VALUE ...]",
                 "shows a message filled in, with samples where no value is given", notifications_preview),
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

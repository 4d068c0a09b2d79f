#include "publication.h"

#include "telegram.h"

#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE          64 /* rows read in one go */
#define NAME_MAX_SIZE 1024

/* One that is out: the callback's argument, then an entry of a list. */
struct published {
        struct publication *owner;
        struct published *next;
        int64_t id;
        int64_t
            finished; /* a delivery that is tried again after it failed has another outcome to be told, under another number */
};

struct publication {
        struct pawl_instance *instance;
        const char *topic;
        void (*woken)(void *arg);
        void *woken_arg;
        int64_t after;                  /* the highest `finished` that was given to the host */
        pthread_mutex_t mutex;          /* guards acknowledged */
        struct published *acknowledged; /* filled by the callback's threads */
        struct published *noting;       /* in the turn, or to be repeated in the next one */
};

struct publication *publication_new(struct pawl_instance *instance, const char *topic, void (*woken)(void *arg),
                                    void *arg)
{
        struct publication *p = calloc(1, sizeof *p);

        if (p == NULL)
                return NULL;
        p->instance = instance;
        p->topic = topic;
        p->woken = woken;
        p->woken_arg = arg;
        pthread_mutex_init(&p->mutex, NULL);
        return p;
}

static void free_all(struct published **list)
{
        while (*list != NULL) {
                struct published *next = (*list)->next;

                free(*list);
                *list = next;
        }
}

void publication_free(struct publication **publication)
{
        struct publication *p = *publication;

        if (p == NULL)
                return;
        free_all(&p->acknowledged);
        free_all(&p->noting);
        pthread_mutex_destroy(&p->mutex);
        free(p);
        *publication = NULL;
}

/* What is not noted (CANCELLED) is published again by the next sender, with the same id. */
static void on_published(void *self, void *arg, int32_t status)
{
        struct published *one = arg;
        struct publication *p = one->owner;

        (void)self;
        if (status == PAWL_E_CANCELLED) {
                free(one);
                return;
        }
        if (status != 0)
                pawl_log(p->instance, PAWL_LOG_ERROR,
                         "delivery %" PRId64 ": the brokers refuse its notification event for good (error %" PRId32 ")",
                         one->id, status);
        pthread_mutex_lock(&p->mutex);
        one->next = p->acknowledged;
        p->acknowledged = one;
        pthread_mutex_unlock(&p->mutex);
        p->woken(p->woken_arg);
}

/* How each channel's acceptance is told; a member whose value is not known is left out. */
static json_t *email_body(const struct delivery *d)
{
        return json_pack("{s:s, s:s}", "recipient_email", d->address, "subject", d->subject);
}

static json_t *telegram_body(const struct delivery *d)
{
        char *text = telegram_text(d->text);
        json_t *body = json_pack("{s:s, s:s}", "recipient_telegram_username", d->address_name ? d->address_name : "",
                                 "message_content", text ? text : "");

        if (d->provider_id != NULL && d->provider_id[0] != '\0')
                json_object_set_new(body, "telegram_message_id", json_integer(strtoll(d->provider_id, NULL, 10)));
        free(text);
        return body;
}

static json_t *sms_body(const struct delivery *d)
{
        return json_pack("{s:s, s:s}", "recipient_phone", d->address, "message_content", d->text);
}

static const struct {
        const char *channel;
        const char *event_type;
        json_t *(*body)(const struct delivery *d);
        bool needs_recipient; /* the catalogue requires recipient_id */
} sent_events[] = {
    {"email", "notification.email.sent", email_body, false},
    {"telegram", "notification.telegram.sent", telegram_body, true},
    {"sms", "notification.sms.sent", sms_body, true},
};

static json_t *failed_body(const struct delivery *d)
{
        return json_pack("{s:s, s:s, s:I}", "channel", d->channel, "error_message", d->error ? d->error : "",
                         "attempts", (json_int_t)d->attempts);
}

static json_t *body_of(const struct delivery *d, const char **event_type)
{
        json_t *body = NULL;
        int64_t recipient = d->recipient_id;

        *event_type = "notification.failed";
        for (size_t i = 0; d->sent && i < sizeof sent_events / sizeof sent_events[0]; i++) {
                if (strcmp(sent_events[i].channel, d->channel) != 0)
                        continue;
                *event_type = sent_events[i].event_type;
                body = sent_events[i].body(d);
                json_object_set_new(body, "delivery_status", json_string("sent"));
                if (sent_events[i].needs_recipient && recipient == DELIVERY_NO_ID)
                        recipient = 0;
        }
        if (!d->sent)
                body = failed_body(d);
        json_object_set_new(body, "message_type", json_string(d->message_type));
        if (recipient != DELIVERY_NO_ID)
                json_object_set_new(body, "recipient_id", json_integer(recipient));
        if (d->request_id != DELIVERY_NO_ID)
                json_object_set_new(body, "request_id", json_integer(d->request_id));
        return body;
}

/* A delivery that is queued again by hand and fails anew has made another attempt: another event. */
static void event_id(struct pawl_instance *instance, const struct delivery *d, char id[37])
{
        char name[NAME_MAX_SIZE];
        int n = snprintf(name, sizeof name, "%s/%s/%s/%" PRId64 "/%s/%s", d->event, d->channel, d->message_type,
                         d->recipient_id, d->sent ? "sent" : "failed", d->address);

        if (!d->sent && n > 0 && (size_t)n < sizeof name)
                snprintf(name + n, sizeof name - (size_t)n, "/%" PRId64, d->attempts);
        pawl_derive_id(instance, pawl_text(name), id);
}

static int32_t give(struct publication *p, const struct delivery *d, struct published *one)
{
        const char *event_type;
        json_t *body = body_of(d, &event_type);
        char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
        char id[37], key[32];
        struct pawl_message m;
        int32_t status;

        event_id(p->instance, d, id);
        snprintf(key, sizeof key, "%" PRId64, d->request_id);
        m = pawl_message_make(p->topic, event_type, pawl_text(d->request_id != DELIVERY_NO_ID ? key : id),
                              pawl_text(text));
        m.event_id = pawl_text(id);
        m.correlation_id = pawl_text(d->correlation_id);
        status = text ? pawl_publish(p->instance, &m, on_published, one) : PAWL_E_INVALID;
        free(text);
        json_decref(body);
        return status;
}

/* False: not now. */
static bool publish_one(struct publication *p, struct store *store, const struct delivery *d)
{
        struct published *one = calloc(1, sizeof *one);
        int32_t status;

        if (one == NULL)
                return false;
        *one = (struct published){.owner = p, .id = d->id, .finished = d->finished};
        status = give(p, d, one);
        if (status != 0)
                free(one);
        if (status == PAWL_E_FULL || status == PAWL_E_STATE)
                return false;
        if (status != 0) {
                pawl_log(p->instance, PAWL_LOG_ERROR,
                         "delivery %" PRId64 ": its notification event cannot be published (error %d)", d->id, status);
                store_published(store, d->id, d->finished);
        }
        return true;
}

void publication_work(struct publication *publication, struct store *store)
{
        struct delivery rows[PAGE];
        size_t count = PAGE;
        bool more = true;

        while (more && count == PAGE) {
                if (store_unpublished(store, publication->after, PAGE, rows, &count) != PAWL_OK)
                        return;
                for (size_t i = 0; i < count; i++) {
                        more = more && publish_one(publication, store, &rows[i]);
                        if (more)
                                publication->after = rows[i].finished;
                        delivery_clear(&rows[i]);
                }
        }
}

bool publication_due(struct publication *publication)
{
        struct published **end = &publication->noting;

        while (*end != NULL)
                end = &(*end)->next;
        pthread_mutex_lock(&publication->mutex);
        *end = publication->acknowledged;
        publication->acknowledged = NULL;
        pthread_mutex_unlock(&publication->mutex);
        return publication->noting != NULL;
}

pawl_result publication_note(struct publication *publication, struct store *store)
{
        pawl_result result = PAWL_OK;

        for (const struct published *p = publication->noting; p != NULL && result == PAWL_OK; p = p->next)
                result = store_published(store, p->id, p->finished);
        return result;
}

void publication_noted(struct publication *publication)
{
        free_all(&publication->noting);
}

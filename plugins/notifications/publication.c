#include "publication.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *body_of(const struct delivery *d)
{
        json_t *body = d->sent ? json_pack("{s:s, s:s, s:s}", "recipient_email", d->address, "subject", d->subject,
                                           "delivery_status", "sent")
                               : json_pack("{s:s, s:s, s:I}", "channel", d->channel, "error_message",
                                           d->error ? d->error : "", "attempts", (json_int_t)d->attempts);

        if (body == NULL)
                return NULL;
        json_object_set_new(body, "message_type", json_string(d->message_type));
        if (d->recipient_id != DELIVERY_NO_ID)
                json_object_set_new(body, "recipient_id", json_integer(d->recipient_id));
        if (d->request_id != DELIVERY_NO_ID)
                json_object_set_new(body, "request_id", json_integer(d->request_id));
        return body;
}

int32_t publication_send(struct pawl_instance *instance, const char *topic, const struct delivery *delivery,
                         pawl_published_fn *done, void *arg)
{
        json_t *body = body_of(delivery);
        char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
        char id[37], name[512], key[32];
        struct pawl_message m;
        int32_t status;

        snprintf(name, sizeof name, "%s/%s/%s/%" PRId64 "/%s", delivery->event, delivery->channel,
                 delivery->message_type, delivery->recipient_id, delivery->sent ? "sent" : "failed");
        pawl_derive_id(instance, pawl_text(name), id);
        snprintf(key, sizeof key, "%" PRId64, delivery->request_id);
        m = pawl_message_make(topic, delivery->sent ? "notification.email.sent" : "notification.failed",
                              pawl_text(delivery->request_id != DELIVERY_NO_ID ? key : id), pawl_text(text));
        m.event_id = pawl_text(id);
        m.correlation_id = pawl_text(delivery->correlation_id);
        status = text ? pawl_publish(instance, &m, done, arg) : PAWL_E_INVALID;
        free(text);
        json_decref(body);
        return status;
}

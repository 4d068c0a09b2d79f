#include "email.h"

#include "mail.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_NAME_MAX 1024

void *email_new(const struct email_options *options)
{
        struct email_options *e = malloc(sizeof *e);

        if (e != NULL)
                *e = *options;
        return e;
}

static const char *fault(const void *self, const struct delivery *delivery)
{
        (void)self;
        return mail_address_valid(delivery->address) ? NULL : "the address is not an e-mail address";
}

/* The same for every attempt, whoever makes it, so that a reader of mail can recognise a repeat. */
static void message_id_of(const struct email_options *e, const struct delivery *d, char *id, size_t size)
{
        char name[ID_NAME_MAX], uuid[37];

        snprintf(name, sizeof name, "mail/%s/%s/%" PRId64 "/%s", d->event, d->message_type, d->recipient_id,
                 d->address);
        pawl_derive_id(e->instance, pawl_text(name), uuid);
        snprintf(id, size, "%s@%s", uuid, strchr(e->from, '@') + 1);
}

static char *compose(const struct email_options *e, const struct delivery *d, size_t *len)
{
        char message_id[320];

        message_id_of(e, d, message_id, sizeof message_id);
        return mail_compose(&(struct mail){.from = e->from,
                                           .from_name = e->from_name,
                                           .to = d->address,
                                           .message_id = message_id,
                                           .subject = d->subject,
                                           .text = d->text,
                                           .html = d->html,
                                           .unsubscribe = d->unsubscribe,
                                           .date = d->created},
                            len);
}

static size_t read_message(char *to, size_t size, size_t count, void *arg)
{
        struct transfer *t = arg;
        size_t left = t->request_len - t->request_at, n = size * count < left ? size * count : left;

        memcpy(to, t->request + t->request_at, n);
        t->request_at += n;
        return n;
}

static void configure(const struct email_options *e, struct transfer *t)
{
        static const long use_ssl[] = {CURLUSESSL_NONE, CURLUSESSL_TRY, CURLUSESSL_ALL};
        CURL *easy = t->easy;

        curl_easy_setopt(easy, CURLOPT_URL, e->url);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        curl_easy_setopt(easy, CURLOPT_MAIL_FROM, e->from);
        curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, t->list);
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_message);
        curl_easy_setopt(easy, CURLOPT_READDATA, t);
        curl_easy_setopt(easy, CURLOPT_USE_SSL, use_ssl[e->tls]);
        if (e->ca_file[0] != '\0')
                curl_easy_setopt(easy, CURLOPT_CAINFO, e->ca_file);
        if (e->username[0] != '\0') {
                curl_easy_setopt(easy, CURLOPT_USERNAME, e->username);
                curl_easy_setopt(easy, CURLOPT_PASSWORD, e->password);
        }
}

static bool prepare(const void *self, struct transfer *transfer)
{
        transfer->easy = curl_easy_init();
        transfer->list = curl_slist_append(NULL, transfer->delivery.address);
        transfer->request = compose(self, &transfer->delivery, &transfer->request_len);
        if (transfer->easy == NULL || transfer->list == NULL || transfer->request == NULL)
                return false;
        configure(self, transfer);
        return true;
}

/*
 * A refusal of the message is a reply of 5xx to RCPT or to its content (libcurl says so with these codes); of 5xx to anything
 * else (the greeting, EHLO, AUTH, MAIL FROM, which is ours for every message) it is the server that does not serve us.
 */
static enum outcome outcome_of(const struct transfer *t, CURLcode code, long reply)
{
        bool about_message = t->request_at > 0 || strncmp(t->error, "RCPT failed", 11) == 0;

        if (code == CURLE_OK)
                return OUTCOME_SENT;
        if (!about_message || (code != CURLE_SEND_ERROR && code != CURLE_WEIRD_SERVER_REPLY))
                return OUTCOME_AWAY;
        if (reply >= 500 && reply < 600)
                return OUTCOME_REFUSED;
        return reply >= 400 && reply != 421 ? OUTCOME_LATER : OUTCOME_AWAY; /* 421: the server is closing */
}

static void judge(const void *self, const struct transfer *transfer, CURLcode code, struct verdict *verdict)
{
        long reply = 0;

        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &reply);
        verdict->outcome = outcome_of(transfer, code, reply);
        if (code != CURLE_OK) {
                verdict_say(verdict, "%s", transfer_error(transfer, code));
                return;
        }
        message_id_of(self, &transfer->delivery, verdict->provider_id, sizeof verdict->provider_id);
}

const struct kind email_kind = {"email", "mail server", fault, prepare, judge, free};

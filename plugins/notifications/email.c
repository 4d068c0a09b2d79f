#include "email.h"

#include "mail.h"
#include "smtp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_NAME_MAX 1024

struct email {
        struct email_options options;
        struct smtp *smtp;
};

void *email_new(const struct email_options *options)
{
        struct email *e = calloc(1, sizeof *e);

        if (e != NULL)
                e->options = *options;
        return e;
}

static void destroy(void *self)
{
        struct email *e = self;

        if (e != NULL)
                smtp_free(&e->smtp);
        free(e);
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

/* The mail as it follows DATA: no line of ours begins with a dot (mail.h). */
static char *compose(const struct email_options *e, const struct delivery *d, size_t *len)
{
        char message_id[320], *message, *content;

        message_id_of(e, d, message_id, sizeof message_id);
        message = mail_compose(&(struct mail){.from = e->from,
                                              .from_name = e->from_name,
                                              .to = d->address,
                                              .message_id = message_id,
                                              .subject = d->subject,
                                              .text = d->text,
                                              .html = d->html,
                                              .unsubscribe = d->unsubscribe,
                                              .date = d->created},
                               len);
        content = message ? realloc(message, *len + sizeof ".\r\n") : NULL;
        if (content == NULL) {
                free(message);
                return NULL;
        }
        strcpy(content + *len, ".\r\n");
        *len += 3;
        return content;
}

static void configure(const void *self, CURL *easy)
{
        static const long use_ssl[] = {CURLUSESSL_NONE, CURLUSESSL_TRY, CURLUSESSL_ALL};
        const struct email_options *e = self;

        curl_easy_setopt(easy, CURLOPT_URL, e->url);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        curl_easy_setopt(easy, CURLOPT_USE_SSL, use_ssl[e->tls]);
        if (e->ca_file[0] != '\0')
                curl_easy_setopt(easy, CURLOPT_CAINFO, e->ca_file);
        if (e->username[0] != '\0') {
                curl_easy_setopt(easy, CURLOPT_USERNAME, e->username);
                curl_easy_setopt(easy, CURLOPT_PASSWORD, e->password);
        }
}

static bool attach(void *self, struct loop *loop, struct wire *wire, int64_t attempt_time)
{
        struct email *e = self;

        e->smtp = smtp_new(&(struct smtp_options){.from = e->options.from,
                                                  .configure = configure,
                                                  .self = &e->options,
                                                  .attempt_time = attempt_time},
                           loop, wire);
        return e->smtp != NULL;
}

static bool begin(void *self, struct transfer *transfer)
{
        struct email *e = self;

        transfer->request = compose(&e->options, &transfer->delivery, &transfer->request_len);
        return transfer->request != NULL && smtp_begin(e->smtp, transfer);
}

static struct transfer *next(void *self)
{
        struct email *e = self;
        struct transfer *t = smtp_next(e->smtp);

        if (t != NULL && t->verdict.outcome == OUTCOME_SENT)
                message_id_of(&e->options, &t->delivery, t->verdict.provider_id, sizeof t->verdict.provider_id);
        return t;
}

static void cut(void *self, struct transfer *transfer)
{
        smtp_cut(((struct email *)self)->smtp, transfer);
}

static int64_t left(const void *self)
{
        return smtp_left(((const struct email *)self)->smtp);
}

static const struct own_way own_way = {attach, begin, next, cut, left};

const struct kind email_kind = {"email", "mail server", fault, NULL, NULL, destroy, &own_way};

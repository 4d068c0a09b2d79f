#include "sms.h"

#include "fill.h"
#include "http.h"

#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pattern {
        bool given;
        regex_t regex;
};

struct sms {
        struct sms_options options;
        struct curl_slist *headers;
        struct pattern success, refused, id;
};

static void destroy(void *self)
{
        struct sms *s = self;

        if (s == NULL)
                return;
        if (s->success.given)
                regfree(&s->success.regex);
        if (s->refused.given)
                regfree(&s->refused.regex);
        if (s->id.given)
                regfree(&s->id.regex);
        curl_slist_free_all(s->headers);
        free(s);
}

static bool compile(struct pattern *p, const char *name, const char *text, size_t groups, char *error, size_t size)
{
        char words[200];
        int code;

        if (text[0] == '\0')
                return true;
        code = regcomp(&p->regex, text, REG_EXTENDED);
        p->given = code == 0;
        if (code != 0)
                regerror(code, &p->regex, words, sizeof words);
        else if (p->regex.re_nsub < groups)
                snprintf(words, sizeof words, "expected a group in parentheses");
        else
                return true;
        snprintf(error, size, "sms.%s: expected a regular expression, found \"%s\": %s", name, text, words);
        return false;
}

static bool add_header(struct sms *s, const struct sms_header *h, char *error, size_t size)
{
        struct curl_slist *list = NULL;
        char *line;

        if (h->name[0] == '\0' || h->name[strcspn(h->name, ": \r\n")] != '\0' ||
            h->value[strcspn(h->value, "\r\n")] != '\0') {
                snprintf(error, size, "sms.headers: expected a name and a value of one line, found \"%.80s\"", h->name);
                return false;
        }
        if (asprintf(&line, "%s: %s", h->name, h->value) >= 0) {
                list = curl_slist_append(s->headers, line);
                free(line);
        }
        if (list == NULL)
                snprintf(error, size, "out of memory");
        else
                s->headers = list;
        return list != NULL;
}

void *sms_new(const struct sms_options *options, char *error, size_t error_size)
{
        struct sms *s = calloc(1, sizeof *s);
        bool ok = s != NULL;

        snprintf(error, error_size, "out of memory");
        if (ok) {
                s->options = *options;
                ok = fill_check("sms.url", options->url, error, error_size) &&
                     fill_check("sms.body", options->body, error, error_size) &&
                     compile(&s->success, "success", options->success, 0, error, error_size) &&
                     compile(&s->refused, "refused", options->refused, 0, error, error_size) &&
                     compile(&s->id, "id", options->id, 1, error, error_size);
        }
        for (size_t i = 0; ok && i < options->header_count; i++)
                ok = add_header(s, &options->headers[i], error, error_size);
        if (!ok) {
                destroy(s);
                return NULL;
        }
        return s;
}

bool sms_phone_valid(const char *phone)
{
        size_t digits;

        if (phone[0] != '+' || phone[1] == '0')
                return false;
        digits = strspn(phone + 1, "0123456789");
        return digits >= 7 && digits <= 15 && phone[1 + digits] == '\0';
}

static const char *fault(const void *self, const struct delivery *delivery)
{
        (void)self;
        return sms_phone_valid(delivery->address)
                   ? NULL
                   : "the address is not a phone number in the form +79161234567 (E.164)";
}

static bool copy_headers(const struct sms *s, struct transfer *t)
{
        for (const struct curl_slist *h = s->headers; h != NULL; h = h->next) {
                struct curl_slist *list = curl_slist_append(t->list, h->data);

                if (list == NULL)
                        return false;
                t->list = list;
        }
        return true;
}

static bool prepare(const void *self, struct transfer *transfer)
{
        const struct sms *s = self;
        const struct delivery *d = &transfer->delivery;
        bool body = strcmp(s->options.method, "GET") != 0;
        bool json = strcmp(s->options.content_type, "application/json") == 0;
        char name[512], id[37], *url;
        struct fill_values values = {d->address, d->text, id};
        bool ok;

        snprintf(name, sizeof name, "sms/%s/%s/%" PRId64 "/%s", d->event, d->message_type, d->recipient_id, d->address);
        pawl_derive_id(s->options.instance, pawl_text(name), id);
        url = fill(s->options.url, FILL_URL, &values);
        if (body)
                transfer->request = fill(s->options.body, json ? FILL_JSON : FILL_URL, &values);
        ok = url != NULL && (!body || transfer->request != NULL) && copy_headers(s, transfer);
        if (ok && body)
                transfer->request_len = strlen(transfer->request);
        ok = ok && http_prepare(transfer, &(struct http_request){.url = url,
                                                                 .method = s->options.method,
                                                                 .content_type = body ? s->options.content_type : NULL,
                                                                 .ca_file = s->options.ca_file});
        free(url);
        return ok;
}

static bool matches(const struct pattern *p, const char *text)
{
        return p->given && regexec(&p->regex, text, 0, NULL, 0) == 0;
}

static void read_id(const struct sms *s, const char *answer, struct verdict *verdict)
{
        regmatch_t groups[2];

        if (!s->id.given || regexec(&s->id.regex, answer, 2, groups, 0) != 0 || groups[1].rm_so < 0)
                return;
        snprintf(verdict->provider_id, sizeof verdict->provider_id, "%.*s", (int)(groups[1].rm_eo - groups[1].rm_so),
                 answer + groups[1].rm_so);
        text_clean(verdict->provider_id);
}

static void judge(const void *self, const struct transfer *transfer, CURLcode code, struct verdict *verdict)
{
        const struct sms *s = self;
        long status = http_status(transfer);
        char answer[REPLY_MAX + 32];

        verdict->outcome = OUTCOME_AWAY;
        if (code != CURLE_OK) {
                verdict_say(verdict, "%s", transfer_error(transfer, code));
                return;
        }
        snprintf(answer, sizeof answer, "%ld %s", status, http_reply(transfer));
        verdict_say(verdict, "%s", answer);
        if (status == 429) {
                verdict->outcome = OUTCOME_HELD;
                verdict->wait = http_retry_after(transfer, PAWL_S(1));
        } else if (matches(&s->success, answer)) {
                verdict->outcome = OUTCOME_SENT;
                read_id(s, answer, verdict);
        } else if (matches(&s->refused, answer)) {
                verdict->outcome = OUTCOME_REFUSED;
        } else if (status < 500 && status >= 200 && status != 401 && status != 403 && status != 404) {
                verdict->outcome = OUTCOME_LATER;
        }
}

const struct kind sms_kind = {"sms", "SMS gateway", fault, prepare, judge, destroy, NULL};

#include "telegram.h"

#include "http.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ELLIPSIS "\xe2\x80\xa6"

struct telegram {
        struct telegram_options options;
        char *url; /* holds the token */
};

static void destroy(void *self)
{
        struct telegram *t = self;

        if (t != NULL)
                free(t->url);
        free(t);
}

void *telegram_new(const struct telegram_options *options)
{
        struct telegram *t = calloc(1, sizeof *t);

        if (t == NULL)
                return NULL;
        t->options = *options;
        if (asprintf(&t->url, "%s/bot%s/sendMessage", options->base_url, options->token) < 0) {
                free(t);
                return NULL;
        }
        return t;
}

size_t telegram_text_length(const char *text)
{
        size_t units = 0, cut = 0;

        for (size_t at = 0; text[at] != '\0'; at++) {
                if (((unsigned char)text[at] & 0xc0) == 0x80)
                        continue;
                if (units < TELEGRAM_TEXT_MAX)
                        cut = at; /* up to here there is room for one more, the ellipsis */
                units += (unsigned char)text[at] >= 0xf0 ? 2 : 1;
                if (units > TELEGRAM_TEXT_MAX)
                        return cut;
        }
        return strlen(text);
}

char *telegram_text(const char *text)
{
        size_t len = telegram_text_length(text);
        char *copy = malloc(len + sizeof ELLIPSIS);

        if (copy == NULL)
                return NULL;
        memcpy(copy, text, len);
        strcpy(copy + len, text[len] == '\0' ? "" : ELLIPSIS);
        return copy;
}

/* A number, or the "@name" of a channel: https://core.telegram.org/bots/api#sendmessage */
static bool chat_id_valid(const char *chat)
{
        const char *digits = chat + (chat[0] == '-');

        if (chat[0] == '@')
                return chat[1] != '\0' &&
                       strspn(chat + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
                           strlen(chat + 1);
        return digits[0] != '\0' && strlen(digits) <= 18 && strspn(digits, "0123456789") == strlen(digits);
}

static const char *fault(const void *self, const struct delivery *delivery)
{
        (void)self;
        return chat_id_valid(delivery->address) ? NULL : "the address is not a Telegram chat id";
}

static char *body_of(const struct delivery *d)
{
        char *text = telegram_text(d->text), *json = NULL;
        json_t *chat = d->address[0] == '@' ? json_string(d->address) : json_integer(strtoll(d->address, NULL, 10));
        json_t *body = json_pack("{s:o, s:s}", "chat_id", chat, "text", text ? text : "");

        if (text != NULL && body != NULL)
                json = json_dumps(body, JSON_COMPACT);
        json_decref(body);
        free(text);
        return json;
}

static bool prepare(const void *self, struct transfer *transfer)
{
        const struct telegram *t = self;

        transfer->request = body_of(&transfer->delivery);
        if (transfer->request == NULL)
                return false;
        transfer->request_len = strlen(transfer->request);
        return http_prepare(transfer, &(struct http_request){.url = t->url,
                                                             .method = "POST",
                                                             .content_type = "application/json",
                                                             .ca_file = t->options.ca_file});
}

static void judge_sent(const json_t *answer, struct verdict *verdict)
{
        const json_t *id = json_object_get(json_object_get(answer, "result"), "message_id");

        verdict->outcome = OUTCOME_SENT;
        if (json_is_integer(id))
                snprintf(verdict->provider_id, sizeof verdict->provider_id, "%" JSON_INTEGER_FORMAT,
                         json_integer_value(id));
}

/* https://core.telegram.org/bots/api#making-requests: "ok", "description", "parameters.retry_after" */
static void judge_answer(const struct transfer *transfer, long status, const json_t *answer, struct verdict *verdict)
{
        const char *words = json_string_value(json_object_get(answer, "description"));
        const json_t *after = json_object_get(json_object_get(answer, "parameters"), "retry_after");
        json_int_t seconds = json_integer_value(after);

        if (status == 200 && json_is_true(json_object_get(answer, "ok"))) {
                judge_sent(answer, verdict);
                return;
        }
        verdict_say(verdict, "%ld %s", status, words ? words : "without a description");
        verdict->outcome = OUTCOME_AWAY;
        if (status == 429) {
                verdict->outcome = OUTCOME_HELD;
                verdict->wait = http_retry_after(transfer, PAWL_S(1));
                if (seconds > 0)
                        verdict->wait = seconds < HTTP_WAIT_MAX / PAWL_S(1) ? PAWL_S(seconds) : HTTP_WAIT_MAX;
        } else if (status == 401 || status == 404) {
                verdict_say(verdict, "%ld %s: the bot's token or the base URL is wrong", status, words ? words : "");
        } else if (status >= 400 && status < 500 && words != NULL) {
                verdict->outcome = OUTCOME_REFUSED;
        }
}

static void judge(const void *self, const struct transfer *transfer, CURLcode code, struct verdict *verdict)
{
        json_t *answer;

        (void)self;
        if (code != CURLE_OK) {
                verdict->outcome = OUTCOME_AWAY;
                verdict_say(verdict, "%s", transfer_error(transfer, code));
                return;
        }
        answer = json_loads(http_reply(transfer), 0, NULL);
        judge_answer(transfer, http_status(transfer), answer, verdict);
        json_decref(answer);
}

const struct kind telegram_kind = {"telegram", "Telegram", fault, prepare, judge, destroy, NULL};

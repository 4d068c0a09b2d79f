#include "channel_settings.h"

#include "email.h"
#include "mail.h"
#include "sms.h"
#include "telegram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of every channel. */
#define PACE_FIELDS(max_open, connections, per_second)                                                                 \
        PAWL_SETTING_INT("max_open", max_open, "1..100000",                                                            \
                         "deliveries in hand at a time, being sent or about to be"),                                   \
            PAWL_SETTING_INT("connections", connections, "1..10000", "connections to the provider at a time"),         \
            PAWL_SETTING_INT("per_second", per_second, "0..100000", "most deliveries begun in a second; 0: no limit"), \
            PAWL_SETTING_INT("per_minute", "0", "0..1000000", "most deliveries begun in a minute; 0: no limit"),       \
            PAWL_SETTING_DURATION("attempt_time", "60s", "100ms..10min", "longest time for one attempt"),              \
            PAWL_SETTING_DURATION("retry_min", "1s", "10ms..1h",                                                       \
                                  "longest pause after a first failed attempt; doubled with each"),                    \
            PAWL_SETTING_DURATION("retry_max", "5min", "10ms..24h", "longest pause between attempts")

#define CA_FIELD                                                                                                       \
        PAWL_SETTING_PLAIN(                                                                                            \
            PAWL_TYPE_PATH, 0, "ca_file",                                                                              \
            "certificates (PEM) that the server's must be signed by; the system's where it is left out")

const struct pawl_setting smtp_fields[] = {
    PAWL_SETTING_STRING("url", "smtp://localhost:25",
                        "the mail server: smtp://HOST:PORT, or smtps:// for TLS from the start"),
    PAWL_SETTING_CHOICE("tls", "offered", "required|offered|never",
                        "with smtp://, whether STARTTLS must be offered, is used when it is, or is never used"),
    CA_FIELD,
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, 0, "username", "for AUTH, which needs TLS; without it nobody logs in"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_SECRET, 0, "password", "for AUTH"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "from", "the sender's address"),
    PAWL_SETTING_STRING("from_name", "", "the sender's name"),
    PACE_FIELDS("1000", "50", "0"),
};

const struct pawl_setting telegram_fields[] = {
    PAWL_SETTING_STRING("base_url", "https://api.telegram.org", "the Bot API's address, without the token"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_SECRET, PAWL_REQUIRED, "token", "of the bot"),
    CA_FIELD,
    PACE_FIELDS("1000", "100", "30"),
};

static const struct pawl_setting header_fields[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "name", "of the header"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_SECRET, PAWL_REQUIRED, "value", "of the header"),
};

const struct pawl_setting sms_fields[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "url",
                       "the gateway's; {{phone}}, {{text}} and {{id}} are filled in, escaped for a URL"),
    PAWL_SETTING_CHOICE("method", "POST", "POST|PUT|GET", "of the request; GET has no body"),
    PAWL_SETTING_CHOICE("content_type", "application/json", "application/json|application/x-www-form-urlencoded",
                        "of the body; decides how what is filled in is escaped"),
    PAWL_SETTING_STRING("body", "{\"to\": \"{{phone}}\", \"text\": \"{{text}}\", \"id\": \"{{id}}\"}",
                        "of the request; {{phone}}, {{text}} and {{id}} are filled in"),
    PAWL_SETTING_TABLES(0, "headers", header_fields, "more headers of the request; their values are kept secret"),
    PAWL_SETTING_STRING("success", "^2[0-9][0-9] ",
                        "regular expression for \"STATUS BODY\" of an answer that accepts the message"),
    PAWL_SETTING_STRING("refused", "^(400|422) ",
                        "regular expression for \"STATUS BODY\" of an answer that refuses the message for good"),
    PAWL_SETTING_STRING("id", "\"id\" *: *\"?([^\",}]+)",
                        "regular expression whose group is the gateway's id of the message, in \"STATUS BODY\""),
    CA_FIELD,
    PACE_FIELDS("1000", "100", "0"),
};

/* A channel's table of settings, and whose it is. */
struct table {
        struct pawl_instance *in;
        const struct pawl_value *value;
};

/* The member's text; "" where there is none. */
static const char *text_of(const struct table *t, const char *name)
{
        struct pawl_str text = pawl_value_string(t->in, pawl_value_member(t->in, t->value, name));

        return text.ptr ? text.ptr : "";
}

static int64_t number_of(const struct table *t, const char *name)
{
        return pawl_value_int(t->in, pawl_value_member(t->in, t->value, name));
}

static void read_pace(const struct table *t, struct carrier_options *o)
{
        double second = (double)number_of(t, "per_second"), minute = (double)number_of(t, "per_minute") / 60;

        o->max_open = (size_t)number_of(t, "max_open");
        o->connections = (size_t)number_of(t, "connections");
        o->per_second = second > 0 && (minute <= 0 || second < minute) ? second : minute;
        o->attempt_time = number_of(t, "attempt_time");
        o->retry_min = number_of(t, "retry_min");
        o->retry_max = number_of(t, "retry_max");
}

static bool starts(const char *text, const char *with)
{
        return strncmp(text, with, strlen(with)) == 0;
}

/* One of two schemes, a host, and nobody's name before it: libcurl would log in with that, and we would show it. */
static bool url_fits(const char *url, const char *scheme, const char *secure_scheme)
{
        const char *host = strstr(url, "://");

        if (host == NULL || (!starts(url, scheme) && !starts(url, secure_scheme)))
                return false;
        host += 3;
        return *host != '\0' && memchr(host, '@', strcspn(host, "/?#")) == NULL && url[strcspn(url, " \r\n\t")] == '\0';
}

static enum email_tls tls_of(const char *word)
{
        if (strcmp(word, "required") == 0)
                return EMAIL_TLS_REQUIRED;
        return strcmp(word, "offered") == 0 ? EMAIL_TLS_OFFERED : EMAIL_TLS_NEVER;
}

static bool read_email(const struct table *t, struct carrier_options *o, char *error, size_t size)
{
        struct email_options e = {.instance = t->in,
                                  .url = text_of(t, "url"),
                                  .username = text_of(t, "username"),
                                  .password = text_of(t, "password"),
                                  .from = text_of(t, "from"),
                                  .from_name = text_of(t, "from_name"),
                                  .ca_file = text_of(t, "ca_file"),
                                  .tls = tls_of(text_of(t, "tls"))};

        if (!url_fits(e.url, "smtp://", "smtps://"))
                snprintf(error, size,
                         "smtp.url: expected smtp://HOST:PORT or smtps://HOST:PORT, without a name before HOST");
        else if (!mail_address_valid(e.from))
                snprintf(error, size, "smtp.from: expected an e-mail address, found \"%s\"", e.from);
        else if (e.username[0] != '\0' && e.tls != EMAIL_TLS_REQUIRED && !starts(e.url, "smtps://"))
                snprintf(error, size,
                         "smtp.username: expected tls = \"required\" or smtps:// beside it, so that the "
                         "password is never sent in the clear");
        else if ((o->self = email_new(&e)) == NULL)
                snprintf(error, size, "out of memory");
        o->url = e.url;
        return o->self != NULL;
}

static bool read_telegram(const struct table *t, struct carrier_options *o, char *error, size_t size)
{
        struct telegram_options g = {text_of(t, "base_url"), text_of(t, "token"), text_of(t, "ca_file")};

        if (!url_fits(g.base_url, "http://", "https://") || g.base_url[strcspn(g.base_url, "?#")] != '\0')
                snprintf(error, size, "telegram.base_url: expected https://HOST, found \"%s\"", g.base_url);
        else if (g.token[0] == '\0' || g.token[strcspn(g.token, "/?#% \r\n\t")] != '\0')
                snprintf(error, size, "telegram.token: expected a token as the BotFather gives it: NUMBER:LETTERS");
        else if ((o->self = telegram_new(&g)) == NULL)
                snprintf(error, size, "out of memory");
        o->url = g.base_url;
        return o->self != NULL;
}

#define HEADERS_MAX 32

static bool read_sms(const struct table *t, struct carrier_options *o, char *error, size_t size)
{
        struct sms_header headers[HEADERS_MAX];
        const struct pawl_value *list = pawl_value_member(t->in, t->value, "headers");
        uint32_t count = pawl_value_count(t->in, list);
        struct sms_options s = {.instance = t->in,
                                .url = text_of(t, "url"),
                                .method = text_of(t, "method"),
                                .content_type = text_of(t, "content_type"),
                                .body = text_of(t, "body"),
                                .headers = headers,
                                .header_count = count,
                                .success = text_of(t, "success"),
                                .refused = text_of(t, "refused"),
                                .id = text_of(t, "id"),
                                .ca_file = text_of(t, "ca_file")};

        for (uint32_t i = 0; i < count && i < HEADERS_MAX; i++) {
                struct table row = {t->in, pawl_value_at(t->in, list, i, NULL)};

                headers[i] = (struct sms_header){text_of(&row, "name"), text_of(&row, "value")};
        }
        if (!url_fits(s.url, "http://", "https://"))
                snprintf(error, size, "sms.url: expected https://HOST…, without a name before HOST");
        else if (count > HEADERS_MAX)
                snprintf(error, size, "sms.headers: expected at most %d, found %u", HEADERS_MAX, count);
        else
                o->self = sms_new(&s, error, size);
        o->url = s.url;
        return o->self != NULL;
}

static const struct {
        const char *table;
        const struct kind *kind;
        bool (*read)(const struct table *t, struct carrier_options *o, char *error, size_t size);
} channels[SENDER_CHANNELS] = {
    [SENDER_EMAIL] = {"smtp", &email_kind, read_email},
    [SENDER_TELEGRAM] = {"telegram", &telegram_kind, read_telegram},
    [SENDER_SMS] = {"sms", &sms_kind, read_sms},
};

struct sender *channel_settings_sender(struct pawl_instance *instance, const char *store_path, char *error,
                                       size_t error_size)
{
        struct sender_options options = {.instance = instance,
                                         .store_path = store_path,
                                         .topic = pawl_setting_string(instance, "topic").ptr,
                                         .keep = pawl_setting_int(instance, "keep")};
        struct sender *sender;
        bool ok = true;

        for (int i = 0; i < SENDER_CHANNELS; i++) {
                struct table t = {instance, pawl_setting_value(instance, channels[i].table)};

                options.channels[i].kind = channels[i].kind;
                if (t.value == NULL || !ok)
                        continue;
                read_pace(&t, &options.channels[i]);
                ok = channels[i].read(&t, &options.channels[i], error, error_size);
        }
        if (ok) {
                snprintf(error, error_size, "out of memory");
                sender = sender_new(&options);
                return sender;
        }
        for (int i = 0; i < SENDER_CHANNELS; i++) {
                if (options.channels[i].self != NULL)
                        options.channels[i].kind->destroy(options.channels[i].self);
        }
        return NULL;
}

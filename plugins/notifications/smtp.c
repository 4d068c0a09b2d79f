#include "smtp.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct smtp {
        CURLM *multi;
        char *url, *username, *password;
        bool require_tls;
        long attempt_ms;
        struct attempt *first; /* all that are under way */
        size_t open;
};

/* One delivery under way; libcurl's private pointer of its easy handle. */
struct attempt {
        CURL *easy;
        struct attempt *next, *previous;
        int64_t id;
        struct curl_slist *recipients;
        char *message;
        size_t len, at;
        char error[CURL_ERROR_SIZE];
};

struct smtp *smtp_new(const struct smtp_options *options)
{
        struct smtp *s = calloc(1, sizeof *s);

        if (s == NULL)
                return NULL;
        s->multi = curl_multi_init();
        s->url = strdup(options->url);
        s->username = strdup(options->username);
        s->password = strdup(options->password);
        s->require_tls = options->require_tls;
        s->attempt_ms = (long)(options->attempt_time / 1000000);
        if (s->multi == NULL || !s->url || !s->username || !s->password)
                smtp_free(&s);
        else
                curl_multi_setopt(s->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, options->max_open);
        return s;
}

/* Accepts a half-built one. */
static void attempt_free(struct attempt *a)
{
        curl_easy_cleanup(a->easy);
        curl_slist_free_all(a->recipients);
        free(a->message);
        free(a);
}

static void link_attempt(struct smtp *s, struct attempt *a)
{
        a->next = s->first;
        if (s->first != NULL)
                s->first->previous = a;
        s->first = a;
        s->open++;
}

static void end_attempt(struct smtp *s, struct attempt *a)
{
        if (a->previous != NULL)
                a->previous->next = a->next;
        else
                s->first = a->next;
        if (a->next != NULL)
                a->next->previous = a->previous;
        s->open--;
        curl_multi_remove_handle(s->multi, a->easy);
        attempt_free(a);
}

void smtp_free(struct smtp **smtp)
{
        struct smtp *s = *smtp;

        if (s == NULL)
                return;
        while (s->first != NULL)
                end_attempt(s, s->first);
        if (s->multi != NULL)
                curl_multi_cleanup(s->multi);
        free(s->url);
        free(s->username);
        free(s->password);
        free(s);
        *smtp = NULL;
}

static size_t read_message(char *to, size_t size, size_t count, void *arg)
{
        struct attempt *a = arg;
        size_t n = size * count < a->len - a->at ? size * count : a->len - a->at;

        memcpy(to, a->message + a->at, n);
        a->at += n;
        return n;
}

static void configure(const struct smtp *s, struct attempt *a, const char *from)
{
        CURL *easy = a->easy;

        curl_easy_setopt(easy, CURLOPT_URL, s->url);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        curl_easy_setopt(easy, CURLOPT_PRIVATE, a);
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, a->error);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, s->attempt_ms);
        curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from);
        curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, a->recipients);
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_message);
        curl_easy_setopt(easy, CURLOPT_READDATA, a);
        curl_easy_setopt(easy, CURLOPT_USE_SSL, s->require_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
        if (s->username[0] != '\0') {
                curl_easy_setopt(easy, CURLOPT_USERNAME, s->username);
                curl_easy_setopt(easy, CURLOPT_PASSWORD, s->password);
        }
}

bool smtp_send(struct smtp *smtp, int64_t id, const char *from, const char *to, char *message, size_t len)
{
        struct attempt *a = calloc(1, sizeof *a);

        if (a == NULL) {
                free(message);
                return false;
        }
        a->id = id;
        a->message = message;
        a->len = len;
        a->recipients = curl_slist_append(NULL, to);
        a->easy = curl_easy_init();
        if (a->recipients == NULL || a->easy == NULL) {
                attempt_free(a);
                return false;
        }
        configure(smtp, a, from);
        if (curl_multi_add_handle(smtp->multi, a->easy) != CURLM_OK) {
                attempt_free(a);
                return false;
        }
        link_attempt(smtp, a);
        return true;
}

size_t smtp_open_count(const struct smtp *smtp)
{
        return smtp->open;
}

void smtp_work(struct smtp *smtp, int64_t wait)
{
        int running;

        curl_multi_perform(smtp->multi, &running);
        if ((size_t)running == smtp->open && wait > 0) {
                curl_multi_poll(smtp->multi, NULL, 0, (int)(wait / 1000000), NULL);
                curl_multi_perform(smtp->multi, &running);
        }
}

/*
 * A refusal of the message is a reply of 5xx to RCPT or to its content (libcurl says so with these codes); of 5xx to anything
 * else (the greeting, EHLO, AUTH, MAIL FROM, which is ours for every message) it is the server that does not serve us.
 */
static enum smtp_outcome classify(CURLcode code, long reply, const struct attempt *a)
{
        bool about_message = a->at > 0 || strncmp(a->error, "RCPT failed", 11) == 0;

        if (code == CURLE_OK)
                return SMTP_SENT;
        if (!about_message || (code != CURLE_SEND_ERROR && code != CURLE_WEIRD_SERVER_REPLY))
                return SMTP_AWAY;
        if (reply >= 500 && reply < 600)
                return SMTP_REFUSED;
        return reply >= 400 && reply != 421 ? SMTP_LATER : SMTP_AWAY; /* 421: the server is closing */
}

bool smtp_next(struct smtp *smtp, struct smtp_result *result)
{
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(smtp->multi, &left)) != NULL) {
                CURLcode code = message->data.result;
                struct attempt *a = NULL;
                long reply = 0;

                if (message->msg != CURLMSG_DONE)
                        continue;
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &a);
                curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &reply);
                result->id = a->id;
                result->outcome = classify(code, reply, a);
                snprintf(result->text, sizeof result->text, "%s",
                         code == CURLE_OK ? ""
                         : a->error[0]    ? a->error
                                          : curl_easy_strerror(code));
                end_attempt(smtp, a);
                return true;
        }
        return false;
}

void smtp_wake(struct smtp *smtp)
{
        curl_multi_wakeup(smtp->multi);
}

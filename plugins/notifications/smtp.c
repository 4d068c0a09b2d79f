#include "smtp.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IDLE_TIME                                                                                                      \
        PAWL_S(                                                                                                        \
            60) /* a connection that is not used for so long is closed, before the server does it (RFC 5321: 5 min) */
#define CONNECT_TIME  PAWL_S(20) /* longest, within attempt_time */
#define SERVER_TIME   20L        /* seconds for one answer while it connects */
#define LINE_MAX_SIZE 1024       /* of a reply, RFC 5321: 512 */

enum step { CONNECTING, IDLE, MAIL, RCPT, DATA, CONTENT, RESET };

static const char *const step_names[] = {"connecting", "idle", "MAIL", "RCPT", "DATA", "the content", "RSET"};

struct connection {
        struct connection *next;
        struct smtp *smtp;
        CURL *easy;
        struct watch watch;
        enum step step;
        bool dead;                 /* to be closed by smtp_next: never within the loop's own calls */
        bool used;                 /* a mail went over it before the present one */
        struct transfer *transfer; /* NULL: idle */
        int64_t until;             /* CLOCK_MONOTONIC: the end of its time-out */
        char line[LINE_MAX_SIZE];  /* of a reply, so far */
        size_t line_len;
        char command[512];
        const char *out; /* to be sent */
        size_t out_len;
        char error[CURL_ERROR_SIZE];
};

struct smtp {
        struct smtp_options options;
        struct loop *loop;
        struct wire *wire;
        struct connection *connections;
        struct transfer *ended; /* in any order */
};

static int64_t monotonic(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return PAWL_S(t.tv_sec) + t.tv_nsec;
}

struct smtp *smtp_new(const struct smtp_options *options, struct loop *loop, struct wire *wire)
{
        struct smtp *s = calloc(1, sizeof *s);

        if (s == NULL)
                return NULL;
        s->options = *options;
        s->loop = loop;
        s->wire = wire;
        return s;
}

/* libcurl closes a connection of CONNECT_ONLY with the handle, without waiting for an answer to a QUIT. */
static void close_connection(struct connection *c)
{
        size_t sent;

        if (!c->dead && c->step == IDLE)
                curl_easy_send(c->easy, "QUIT\r\n", 6, &sent); /* as far as it goes */
        watch_end(c->smtp->loop, &c->watch);
        wire_end(c->smtp->wire, c->easy);
        curl_easy_cleanup(c->easy);
        free(c);
}

void smtp_free(struct smtp **smtp)
{
        struct smtp *s = *smtp;

        if (s == NULL)
                return;
        while (s->connections != NULL) {
                struct connection *c = s->connections;

                s->connections = c->next;
                close_connection(c);
        }
        free(s);
        *smtp = NULL;
}

/* Hands the mail back, with the verdict that it has. */
static void release(struct connection *c)
{
        assert(c->transfer != NULL);
        c->transfer->own_next = c->smtp->ended;
        c->smtp->ended = c->transfer;
        c->transfer = NULL;
}

PAWL_PRINTF(3, 4) static void judge(struct connection *c, enum outcome outcome, const char *fmt, ...)
{
        struct transfer *t = c->transfer;
        char text[sizeof t->verdict.text];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        t->verdict.outcome = outcome;
        verdict_say(&t->verdict, "%s", text);
}

/* ---- Sending and receiving ---- */

static void lost(struct connection *c, const char *why);

/* Sends what is to be sent, as far as it goes. */
static void flush(struct connection *c)
{
        CURLcode code = CURLE_OK;
        size_t sent;

        while (c->out_len > 0 && (code = curl_easy_send(c->easy, c->out, c->out_len, &sent)) == CURLE_OK) {
                c->out += sent;
                c->out_len -= sent;
        }
        if (code != CURLE_OK && code != CURLE_AGAIN)
                lost(c, curl_easy_strerror(code));
        else if (!watch_set(c->smtp->loop, &c->watch, c->out_len > 0))
                lost(c, "its socket cannot be watched");
}

static void send_out(struct connection *c, enum step step, const char *bytes, size_t len)
{
        c->step = step;
        c->out = bytes;
        c->out_len = len;
        flush(c);
}

PAWL_PRINTF(3, 4) static void send_command(struct connection *c, enum step step, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(c->command, sizeof c->command, fmt, ap);
        va_end(ap);
        send_out(c, step, c->command, strlen(c->command));
}

static void begin_mail(struct connection *c)
{
        send_command(c, MAIL, "MAIL FROM:<%s>\r\n", c->smtp->options.from);
}

/* The mail has its verdict, the connection is free for another. */
static void rest(struct connection *c)
{
        release(c);
        c->step = IDLE;
        c->used = true;
        c->until = monotonic() + IDLE_TIME;
}

/* ---- The dialogue ---- */

static bool open_connection(struct smtp *s, struct transfer *t);

/* The server left a connection that we had kept: no word about the mail, which has another try at once. */
static bool left_before(struct connection *c)
{
        struct transfer *t = c->transfer;

        if (!c->used || c->step != MAIL || !open_connection(c->smtp, t))
                return false;
        c->transfer = NULL;
        return true;
}

static void lost(struct connection *c, const char *why)
{
        if (c->dead)
                return;
        c->dead = true;
        if (c->transfer == NULL || left_before(c))
                return;
        if (c->step != RESET) /* there the mail has its verdict */
                judge(c, OUTCOME_AWAY, "connection lost at %s: %s", step_names[c->step], why);
        release(c);
}

/*
 * A refusal is about the message when it answers RCPT, DATA or the content; when it answers MAIL, with our address that is the same for every
 * mail, it is the server that does not serve us. 421: the server is closing.
 */
static void refused(struct connection *c, int code)
{
        enum outcome outcome = code >= 500 ? OUTCOME_REFUSED : OUTCOME_LATER;

        if (code == 421 || code < 400) {
                lost(c, c->line);
                return;
        }
        if (c->step == MAIL)
                outcome = OUTCOME_AWAY;
        judge(c, outcome, "%s: %s", step_names[c->step], c->line);
        if (c->step == CONTENT)
                rest(c);
        else
                send_command(c, RESET, "RSET\r\n");
}

static void on_reply(struct connection *c, int code)
{
        bool fine = c->step == DATA ? code == 354 : code >= 200 && code < 300;

        if (c->step == IDLE || (c->step == RESET && !fine)) {
                lost(c, c->line); /* "421 too long idle", or out of step */
                return;
        }
        assert(c->transfer != NULL);
        if (!fine) {
                refused(c, code);
        } else if (c->step == MAIL) {
                send_command(c, RCPT, "RCPT TO:<%s>\r\n", c->transfer->delivery.address);
        } else if (c->step == RCPT) {
                send_command(c, DATA, "DATA\r\n");
        } else if (c->step == DATA) {
                send_out(c, CONTENT, c->transfer->request, c->transfer->request_len);
        } else {
                if (c->step == CONTENT)
                        judge(c, OUTCOME_SENT, "%s", c->line);
                rest(c);
        }
}

/* A line without its end: "250-SIZE" goes on, "250 OK" is the last one. */
static void on_line(struct connection *c)
{
        char *end;
        long code = strtol(c->line, &end, 10);

        if (end != c->line + 3 || (*end != ' ' && *end != '-' && *end != '\0'))
                lost(c, "its answer is not SMTP");
        else if (*end != '-')
                on_reply(c, (int)code);
}

static void on_bytes(struct connection *c, const char *bytes, size_t len)
{
        for (size_t i = 0; i < len && !c->dead; i++) {
                if (bytes[i] == '\n') {
                        if (c->line_len > 0 && c->line[c->line_len - 1] == '\r')
                                c->line_len--;
                        c->line[c->line_len] = '\0';
                        c->line_len = 0;
                        on_line(c);
                } else if (c->line_len < sizeof c->line - 1) {
                        c->line[c->line_len++] = bytes[i];
                }
        }
}

static void on_ready(void *arg)
{
        struct connection *c = arg;
        CURLcode code = CURLE_OK;
        char bytes[4096];
        size_t n;

        if (!c->dead && c->out_len > 0)
                flush(c);
        while (!c->dead && (code = curl_easy_recv(c->easy, bytes, sizeof bytes, &n)) == CURLE_OK) {
                if (n == 0)
                        lost(c, "the server closed it");
                on_bytes(c, bytes, n);
        }
        if (!c->dead && code != CURLE_AGAIN)
                lost(c, curl_easy_strerror(code));
}

/* ---- Connections ---- */

static bool open_connection(struct smtp *s, struct transfer *t)
{
        struct connection *c = calloc(1, sizeof *c);
        int64_t connect = s->options.attempt_time < CONNECT_TIME ? s->options.attempt_time : CONNECT_TIME;

        if (c == NULL || (c->easy = curl_easy_init()) == NULL) {
                free(c);
                return false;
        }
        c->smtp = s;
        c->transfer = t;
        c->step = CONNECTING;
        c->until = monotonic() + s->options.attempt_time;
        s->options.configure(s->options.self, c->easy);
        curl_easy_setopt(c->easy, CURLOPT_CONNECT_ONLY, 1L);
        curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
        curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->error);
        curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect / PAWL_MS(1)));
        /* After a login that failed libcurl says QUIT, and does wait for that answer: not for the two minutes of its default. */
        curl_easy_setopt(c->easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, SERVER_TIME);
        if (!wire_begin(s->wire, c->easy)) {
                curl_easy_cleanup(c->easy);
                free(c);
                return false;
        }
        c->next = s->connections;
        s->connections = c;
        return true;
}

/* Connected, greeted, logged in; or not. */
static void on_connected(struct connection *c, CURLcode code)
{
        curl_socket_t fd = CURL_SOCKET_BAD;

        if (c->dead)
                return;
        if (code == CURLE_OK)
                code = curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd);
        if (code != CURLE_OK || fd == CURL_SOCKET_BAD) {
                c->dead = true;
                judge(c, OUTCOME_AWAY, "%s", c->error[0] != '\0' ? c->error : curl_easy_strerror(code));
                release(c);
                return;
        }
        c->watch = (struct watch){.ready = on_ready, .arg = c, .fd = fd};
        begin_mail(c);
}

bool smtp_begin(struct smtp *smtp, struct transfer *transfer)
{
        for (struct connection *c = smtp->connections; c != NULL; c = c->next) {
                if (c->step != IDLE || c->dead)
                        continue;
                c->transfer = transfer;
                c->until = monotonic() + smtp->options.attempt_time;
                begin_mail(c);
                return true;
        }
        return open_connection(smtp, transfer);
}

/* Ends what has taken too long; closes what is dead. */
static void sweep(struct smtp *s)
{
        int64_t now = monotonic();

        for (struct connection **at = &s->connections; *at != NULL;) {
                struct connection *c = *at;

                if (!c->dead && now >= c->until && c->step != IDLE) {
                        c->used = false; /* it has had its time, on whichever connection */
                        lost(c, "no answer in time");
                }
                if (!c->dead && (c->step != IDLE || now < c->until)) {
                        at = &c->next;
                        continue;
                }
                *at = c->next;
                close_connection(c);
        }
}

struct transfer *smtp_next(struct smtp *smtp)
{
        struct transfer *t;
        struct connection *c;
        CURLcode code;
        CURL *easy;

        while ((easy = wire_next(smtp->wire, &code)) != NULL) {
                curl_easy_getinfo(easy, CURLINFO_PRIVATE, &c);
                on_connected(c, code);
        }
        if (smtp->ended == NULL)
                sweep(smtp);
        t = smtp->ended;
        if (t != NULL) {
                smtp->ended = t->own_next;
                t->own_next = NULL;
        }
        return t;
}

void smtp_cut(struct smtp *smtp, struct transfer *transfer)
{
        struct connection *c = smtp->connections;

        while (c != NULL && c->transfer != transfer)
                c = c->next;
        if (c != NULL) {
                c->transfer = NULL;
                c->dead = true;
        }
}

int64_t smtp_left(const struct smtp *smtp)
{
        int64_t due = INT64_MAX, now = monotonic();

        for (const struct connection *c = smtp->connections; c != NULL; c = c->next)
                due = c->dead ? 0 : c->until < due ? c->until : due;
        return due == INT64_MAX ? due : due > now ? due - now : 0;
}

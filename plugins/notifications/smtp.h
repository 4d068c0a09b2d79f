/*
 * SMTP deliveries with libcurl's multi interface: many open at once on one thread. Knows nothing of rows or retries.
 *
 * All functions but smtp_wake: the sender's thread.
 */
#ifndef NOTIFICATIONS_SMTP_H
#define NOTIFICATIONS_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smtp;

struct smtp_options {
        const char *url; /* smtp://host:25, smtps://host:465 */
        const char *username;
        const char *password;
        bool require_tls;     /* STARTTLS or nothing */
        long max_open;        /* connections */
        int64_t attempt_time; /* nanoseconds for one delivery */
};

/* What became of an attempt. */
enum smtp_outcome {
        SMTP_SENT,
        SMTP_REFUSED, /* this message, for good: 5xx to its recipient or content */
        SMTP_LATER,   /* this message, not now: 4xx */
        SMTP_AWAY     /* the server: not reachable, hangs, drops, does not accept us; says nothing about the message */
};

struct smtp_result {
        int64_t id;
        enum smtp_outcome outcome;
        char text[256]; /* the server's or libcurl's words */
};

/* NULL: memory. The options' strings are copied. */
struct smtp *smtp_new(const struct smtp_options *options);
/* What is under way is cut off: the server may have it or not. */
void smtp_free(struct smtp **smtp);

/* Starts one delivery. Takes `message` (malloc'ed) over, whatever it returns. False: memory. */
bool smtp_send(struct smtp *smtp, int64_t id, const char *from, const char *to, char *message, size_t len);

/* Deliveries under way. */
size_t smtp_open_count(const struct smtp *smtp);

/* Works for at most `wait` nanoseconds, less when something ended or smtp_wake was called. */
void smtp_work(struct smtp *smtp, int64_t wait);

/* The next ended delivery; false: none. */
bool smtp_next(struct smtp *smtp, struct smtp_result *result);

/* Ends smtp_work early. Any thread. */
void smtp_wake(struct smtp *smtp);

#endif

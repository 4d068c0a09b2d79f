/*
 * SMTP connections that are used for many mails. libcurl opens them (TLS, EHLO, AUTH) and carries the bytes (CURLOPT_CONNECT_ONLY); the dialogue
 * of each mail (MAIL, RCPT, DATA) is ours, because libcurl's own blocks its thread until a mail's last answer has come (smtp_done in
 * lib/smtp.c, 7.88.1): one slow server would hold up every channel, and fifty connections would do the work of one.
 *
 * A mail that is begun takes an idle connection, or opens one: how many there are at most is decided by who begins. The sender's thread.
 */
#ifndef NOTIFICATIONS_SMTP_H
#define NOTIFICATIONS_SMTP_H

#include "transfer.h"
#include "wire.h"

struct smtp;

struct smtp_options {
        const char *from;
        /* Sets up a handle that is to connect: URL, TLS, login. */
        void (*configure)(const void *self, CURL *easy);
        const void *self;
        int64_t attempt_time; /* of a mail, with the time to connect where that is needed */
};

/* NULL: memory. The options' strings must outlive it. */
struct smtp *smtp_new(const struct smtp_options *options, struct loop *loop, struct wire *wire);
/* Nothing may be under way on it. Takes NULL. */
void smtp_free(struct smtp **smtp);

/* Begins a mail: transfer->request, to the delivery's address. False: memory. */
bool smtp_begin(struct smtp *smtp, struct transfer *transfer);

/* The next that ended, with its outcome and text; NULL: none. */
struct transfer *smtp_next(struct smtp *smtp);

/* Gives a mail up that has not ended: its connection is closed. */
void smtp_cut(struct smtp *smtp, struct transfer *transfer);

/* Nanoseconds until the first time-out; INT64_MAX: there is none. */
int64_t smtp_left(const struct smtp *smtp);

#endif

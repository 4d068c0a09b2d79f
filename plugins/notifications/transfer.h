/*
 * One attempt to deliver, and the kinds of channel: how a delivery becomes a libcurl transfer, and what its end means.
 *
 * A kind knows its provider's protocol and nothing of rows, retries or connections; carrier.h knows those. The sender's thread.
 */
#ifndef NOTIFICATIONS_TRANSFER_H
#define NOTIFICATIONS_TRANSFER_H

#include "store.h"

#include <curl/curl.h>

enum outcome {
        OUTCOME_SENT,
        OUTCOME_REFUSED, /* this message, for good */
        OUTCOME_LATER,   /* this message, not now */
        OUTCOME_HELD,    /* the provider wants us to wait: no failure of the message, nor of the provider */
        OUTCOME_UNTRIED, /* it never began: the channel waits */
        OUTCOME_AWAY /* the provider: not reachable, hangs, drops, does not accept us; says nothing about the message */
};

struct verdict {
        enum outcome outcome;
        int64_t wait;          /* HELD: nanoseconds, for the whole channel */
        char text[320];        /* the provider's or libcurl's words; what is secret has no place in it */
        char provider_id[320]; /* SENT: "" when it gave none */
};

#define REPLY_MAX 16384 /* of an answer's body; what is longer is cut */

struct transfer {
        struct transfer *next, *previous; /* of the list that holds it; `previous` only while it is under way */
        struct transfer *own_next;        /* of the own way\'s list */
        struct delivery delivery;
        CURL *easy;             /* NULL: not begun */
        int channel;            /* of whoever collects it */
        bool probe;             /* of the breaker */
        struct verdict verdict; /* once it has ended */
        /* Of the kind: made by prepare, freed by transfer_free. */
        struct curl_slist *list; /* recipients, or headers */
        char *request;
        size_t request_len, request_at; /* how much of it was read */
        char *reply;                    /* NUL-terminated; NULL: none */
        size_t reply_len;
        char error[CURL_ERROR_SIZE];
};

/* Accepts half-built ones, and NULL. Its easy handle must be out of the wire. */
void transfer_free(struct transfer *transfer);

struct loop;
struct wire;

/* How a kind carries its deliveries out itself, where a libcurl transfer from begin to end does not do. */
struct own_way {
        /* Before the first begin. `self` ends it in destroy, before the wire and the loop. False: memory. */
        bool (*attach)(void *self, struct loop *loop, struct wire *wire, int64_t attempt_time);
        bool (*begin)(void *self, struct transfer *transfer); /* false: memory */
        struct transfer *(*next)(void *self);                 /* one that ended, with its verdict; NULL: none */
        void (*cut)(void *self, struct transfer *transfer);   /* it has not ended, and is not to be touched any more */
        int64_t (*left)(const void *self); /* nanoseconds until `next` is to be asked at the latest; INT64_MAX: never */
};

struct kind {
        const char *name;     /* as in struct delivery */
        const char *provider; /* "mail server": for people */

        /* NULL, or why this delivery can never be sent on this channel (a constant text). */
        const char *(*fault)(const void *self, const struct delivery *delivery);

        /* Sets transfer->easy up, but for its time-outs. False: memory. */
        bool (*prepare)(const void *self, struct transfer *transfer);

        /* What its end means; fills *verdict, which is all zero. */
        void (*judge)(const void *self, const struct transfer *transfer, CURLcode code, struct verdict *verdict);

        void (*destroy)(void *self);

        const struct own_way *own; /* NULL: by prepare and judge; else these two are not needed */
};

/* Makes what a provider sent fit to be shown and told: control characters become spaces, what is no UTF-8 becomes "?". */
void text_clean(char *text);

/* A verdict's text, cut to its size, and clean. */
PAWL_PRINTF(2, 3) void verdict_say(struct verdict *verdict, const char *fmt, ...);

/* libcurl's words for a transfer that failed. */
const char *transfer_error(const struct transfer *transfer, CURLcode code);

#endif

/*
 * The SMS channel: any gateway that takes a message in one HTTP request. What the request looks like, and how its answer is read, are settings.
 *
 * The body, and the URL, are templates: {{phone}}, {{text}} and {{id}} (an id of the message, the same at each attempt) become the values,
 * escaped for where they stand: for JSON, for a form, for a URL. The patterns are POSIX extended regular expressions, matched
 * against the answer's status, a space, and its body.
 */
#ifndef NOTIFICATIONS_SMS_H
#define NOTIFICATIONS_SMS_H

#include "transfer.h"

struct sms_header {
        const char *name;
        const char *value; /* may be secret */
};

struct sms_options {
        struct pawl_instance *instance;
        const char *url;
        const char *method;       /* "GET" (no body), "POST", "PUT" */
        const char *content_type; /* "application/json" or "application/x-www-form-urlencoded" */
        const char *body;
        const struct sms_header *headers; /* copied */
        size_t header_count;
        const char *success;
        const char *refused; /* "": nothing is */
        const char *id;      /* its first group is the gateway's id of the message; "": none */
        const char *ca_file; /* "": the system's */
};

extern const struct kind sms_kind;

/* NULL: the reason is in `error`. The options' strings must outlive it, as settings do. */
void *sms_new(const struct sms_options *options, char *error, size_t error_size);

/* "+" and 7 to 15 digits, the first of which is not 0 (ITU-T E.164). */
bool sms_phone_valid(const char *phone);

#endif

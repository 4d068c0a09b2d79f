/*
 * The e-mail channel: SMTP, with TLS and AUTH where they are configured.
 */
#ifndef NOTIFICATIONS_EMAIL_H
#define NOTIFICATIONS_EMAIL_H

#include "transfer.h"

enum email_tls { EMAIL_TLS_NEVER, EMAIL_TLS_OFFERED, EMAIL_TLS_REQUIRED };

struct email_options {
        struct pawl_instance *instance;
        const char *url;      /* smtp://host:25, smtps://host:465 */
        const char *username; /* "": nobody logs in */
        const char *password;
        const char *from;
        const char *from_name;
        const char *ca_file; /* "": the system's */
        enum email_tls tls;
};

extern const struct kind email_kind;

/* NULL: memory. The options' strings must outlive it, as settings do. */
void *email_new(const struct email_options *options);

#endif

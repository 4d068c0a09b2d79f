/*
 * A delivery as an Internet message (RFC 5322, MIME): UTF-8 in subject and body, as text and as HTML, whatever the values hold. Pure; any
 * thread.
 */
#ifndef NOTIFICATIONS_MAIL_H
#define NOTIFICATIONS_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mail {
        const char *from;       /* an address: "robot@example.org" */
        const char *from_name;  /* "" for none */
        const char *to;         /* an address */
        const char *message_id; /* without the angle brackets */
        const char *subject;    /* control characters, and marks that turn the direction of writing, are left out */
        const char *text;
        const char *html; /* NULL: none */
        const char
            *unsubscribe; /* a URL; NULL: none. One that is not https: or mailto:, or could break out, is left out */
        int64_t date;     /* nanoseconds since 1970 */
};

/* Whether an address can stand in an SMTP command and a header: one @, no space, control character, angle bracket or comma. */
bool mail_address_valid(const char *address);

/* The whole message with CR LF line ends, none of whose lines begins with a dot, malloc'ed; NULL when memory is short. `len` gets its length. */
char *mail_compose(const struct mail *mail, size_t *len);

#endif

/*
 * A template set from the inside. Only template.c and template_render.c.
 */
#ifndef NOTIFICATIONS_TEMPLATE_PRIVATE_H
#define NOTIFICATIONS_TEMPLATE_PRIVATE_H

#include "template.h"

/* A file. */
struct template
{
        char *path;
        char *message;
        char *channel;
        char *language;
        char *subject; /* of e-mail's text; else NULL */
        char *body;
        int body_line; /* the first one's number in the file */
        bool html;
        struct template *next;
};

/* What a value is called in a language: "urgency", "critical": "критическая". */
struct template_word {
        char *language;
        char *field;
        char *value;
        char *word;
        struct template_word *next;
};

struct template_set {
        struct template *first;
        struct template_word *words;
        char default_language[16];
};

/* The field that begins at `at` ("{{"): its name's begin and length. NULL: no field; else what is behind the closing braces. */
const char *template_field_at(const char *at, const char **name, size_t *len);

const struct template *template_find(const struct template_set *set, const char *message, const char *channel,
                                     const char *language, bool html);

#endif

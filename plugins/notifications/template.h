/*
 * Message templates: text files with {{fields}}. The first line is "Subject: …", then an empty line, then the body.
 *
 * A template is named <message type>.<language>.txt in the templates folder. All of them are read at create, so a fault is
 * reported when the plugin is loaded, not when the first mail goes out. Read only afterwards; any thread.
 */
#ifndef NOTIFICATIONS_TEMPLATE_H
#define NOTIFICATIONS_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

struct template_set;

/* One value to put in: the name as written between the braces. */
struct template_field {
        const char *name;
        const char *value; /* NULL: nothing is known; an em dash is written */
};

struct template_text {
        char *subject; /* one line */
        char *body;
};

/*
 * Reads every message type's templates from `folder`. Each type needs `default_language`; other languages are taken as found.
 * `fields` lists the names that a template may use, NULL-terminated. NULL on a fault, with what, where and what is expected
 * in `error`.
 */
struct template_set *templates_read(const char *folder, const char *const *message_types, const char *default_language,
                                    const char *const *fields, char *error, size_t error_size);
void templates_free(struct template_set **set);

/*
 * Fills the template of that type and language (or the default language where there is none). Line breaks and control
 * characters in values become spaces in the subject, so that no value can add a header. The texts are the caller's, freed
 * with template_text_free. False only when memory is short.
 */
bool template_render(const struct template_set *set, const char *message_type, const char *language,
                     const struct template_field *fields, size_t field_count, struct template_text *text);
void template_text_free(struct template_text *text);

#endif

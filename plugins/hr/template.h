/*
 * What a document says: a text file of blocks, with {{fields}}. Read at create, so that a fault is reported when the plugin is
 * loaded; read only afterwards, any thread.
 *
 *     # a comment
 *     [title]
 *     Акт № {{number}}
 *     [parties]
 *     Заказчик | {{organisation.name}}
 *
 * A line is a paragraph, or a row of cells with "|" between them; a line that begins with "?" is left out where one of its fields is
 * empty. The kinds of blocks, and what each of them looks like, are press.h's.
 */
#ifndef HR_TEMPLATE_H
#define HR_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct template;

/* One value to put in: the name as written between the braces. */
struct template_field {
        const char *name;
        const char *value; /* NULL or "": nothing is known; an em dash is written */
};

/*
 * Reads a file. `kinds` are the blocks that there are, `fields` the names that may stand between braces; both NULL-terminated.
 * NULL on a fault, with file, line, what is expected and found in `error`.
 */
struct template *template_read(const char *path, const char *const *kinds, const char *const *fields, char *error,
                               size_t error_size);
void template_free(struct template **t);

/*
 * The blocks with their fields filled in: [{"kind": "title", "lines": [["Акт № 1"]]}, …]. Values are put in as they are and
 * never read for fields, cells or lines; control characters in them become blanks, and what reverses the direction of text is left
 * out. NULL only when memory is short.
 */
json_t *template_fill(const struct template *t, const struct template_field *fields, size_t field_count);

/* A value as it is put in: to be freed. NULL: memory. */
char *template_value(const char *text);

#endif

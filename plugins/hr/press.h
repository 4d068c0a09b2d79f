/*
 * From a document's content to the bytes of a PDF, by cairo and pango. The same content always gives the same bytes (with the same
 * libraries and fonts), so that a document can be made anew after a crash.
 *
 * The content, as JSON:
 *
 *     {"title": "Акт № 1", "author": "ООО …", "created": "2026-11-22T10:00:00Z", "blocks": [{"kind": "title", "lines": [["Акт № 1"]]}, …]}
 *
 * A line is an array of cells; all of them are plain text, drawn as they stand. The kinds of blocks:
 *
 *     title       centred, large                     columns     a row of cells over the whole width
 *     heading     bold, stays with what follows      parties     the first cell a label, the second its text
 *     text        paragraphs                         works       the table: one line, its heading; its rows stand in "rows"
 *     totals      label and value, to the right,     signatures  beside each other: a role, and a name below its line
 *                 the last pair bold                 footer      stands at the foot of every page, beside "стр. 1 из 2"
 */
#ifndef HR_PRESS_H
#define HR_PRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define PRESS_WORKS_COLUMNS 6 /* number, name, quantity, unit, price, sum */

/* The kinds, NULL-terminated. */
extern const char *const press_kinds[];

struct press;

/* NULL, with the reason in `error`, when there is no such font: letters that it lacks would be empty boxes. */
struct press *press_new(const char *font, char *error, size_t error_size);
void press_free(struct press **press);

struct print {
        unsigned char *bytes; /* freed with print_free */
        size_t len;
        size_t pages;
};

/* Any thread, several at a time. False: the reason is in `error`. */
bool press_print(struct press *press, const json_t *content, struct print *print, char *error, size_t error_size);
void print_free(struct print *print);

#endif

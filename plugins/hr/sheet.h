/*
 * The pages of one document while they are drawn: where the next thing goes, and text in boxes. A document is laid out twice by the same
 * code, first without drawing, to learn how many pages there are. Lengths are points (1/72 inch), y grows downwards. One thread.
 */
#ifndef HR_SHEET_H
#define HR_SHEET_H

#include <jansson.h>
#include <pango/pangocairo.h>
#include <stdbool.h>

/* A4, with the wide margin on the left, where sheets are bound. */
#define SHEET_WIDTH  595.28
#define SHEET_HEIGHT 841.89
#define SHEET_LEFT   62.0
#define SHEET_RIGHT  (SHEET_WIDTH - 42.0)
#define SHEET_TOP    48.0
#define SHEET_BOTTOM (SHEET_HEIGHT - 66.0) /* the footer stands below */
#define SHEET_INNER  (SHEET_RIGHT - SHEET_LEFT)

enum sheet_style {
        STYLE_TEXT,
        STYLE_BOLD,
        STYLE_TITLE,
        STYLE_HEADING,
        STYLE_TABLE,
        STYLE_TABLE_HEAD,
        STYLE_SMALL,
        STYLES
};

struct sheet {
        cairo_t *cr;
        PangoContext *context;
        PangoFontDescription *fonts[STYLES];
        bool drawing;
        double y;
        int page;           /* from 1 */
        int pages;          /* of the pass before; 0 in the first */
        const char *footer; /* may be NULL */
};

/* A text in a box. */
struct sheet_text {
        const char *text;
        enum sheet_style style;
        PangoAlignment align;
        double x;
        double width; /* lines are broken at it; 0: never */
};

/* How high the text is, and how wide (may be NULL), when it is drawn. */
double sheet_measure(struct sheet *sheet, const struct sheet_text *text, double *width);

/* Draws the text with its top at y, and returns its height. */
double sheet_draw(struct sheet *sheet, const struct sheet_text *text, double y);

/* Draws a paragraph at sheet->y and moves on; it may go on to the next page, but no line of it stays alone there or here. */
void sheet_paragraph(struct sheet *sheet, const struct sheet_text *text);

/* Begins a new page when less than `height` is left on this one. True: a new one was begun. */
bool sheet_need(struct sheet *sheet, double height);

void sheet_line(struct sheet *sheet, double x1, double y1, double x2, double y2, double thickness);
void sheet_fill(struct sheet *sheet, double x, double y, double width, double height, double grey);

/* The last page's end. */
void sheet_finish(struct sheet *sheet);

/* The cell of a line of a block; "" where there is none. */
const char *sheet_cell(const json_t *line, size_t index);

/* Draws one block of that kind (blocks.c). Unknown kinds are the caller's to refuse. */
typedef void sheet_block_fn(struct sheet *sheet, const json_t *block);
sheet_block_fn *sheet_block(const char *kind);

/* The table of works (works_table.c). */
void sheet_works(struct sheet *sheet, const json_t *block);

#endif

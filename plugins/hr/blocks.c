/* The blocks of a document, a function each, but for the table of works (works_table.c). */
#include "press.h"
#include "sheet.h"

#include <string.h>

#define PARAGRAPH_GAP   4.0
#define PARTY_LABEL     92.0
#define SIGNATURE_GAP   36.0
#define SIGNATURE_SPACE 30.0 /* for the hand */

static json_t *lines_of(const json_t *block)
{
        return json_object_get(block, "lines");
}

static void paragraphs(struct sheet *sheet, const json_t *block, enum sheet_style style, PangoAlignment align)
{
        json_t *line;
        size_t i;

        json_array_foreach(lines_of(block), i, line)
        {
                struct sheet_text text = {sheet_cell(line, 0), style, align, SHEET_LEFT, SHEET_INNER};

                sheet_paragraph(sheet, &text);
                sheet->y += PARAGRAPH_GAP;
        }
}

static void draw_title(struct sheet *sheet, const json_t *block)
{
        paragraphs(sheet, block, STYLE_TITLE, PANGO_ALIGN_CENTER);
        sheet->y += 6;
}

static void draw_heading(struct sheet *sheet, const json_t *block)
{
        sheet->y += 6;
        /* Room for the heading and two lines of what follows. */
        sheet_need(sheet, 50);
        paragraphs(sheet, block, STYLE_HEADING, PANGO_ALIGN_LEFT);
}

static void draw_text(struct sheet *sheet, const json_t *block)
{
        paragraphs(sheet, block, STYLE_TEXT, PANGO_ALIGN_LEFT);
        sheet->y += PARAGRAPH_GAP;
}

/* The first cell stands left, the last one right, others between them. */
static void draw_columns_line(struct sheet *sheet, const json_t *line)
{
        size_t count = json_array_size(line);
        double width = SHEET_INNER / (double)(count > 0 ? count : 1);
        double height = 0;
        struct sheet_text text = {.style = STYLE_TEXT, .width = width};

        for (size_t pass = 0; pass < 2; pass++) {
                for (size_t i = 0; i < count; i++) {
                        double h;

                        text.text = sheet_cell(line, i);
                        text.x = SHEET_LEFT + (double)i * width;
                        text.align = i == 0           ? PANGO_ALIGN_LEFT
                                     : i == count - 1 ? PANGO_ALIGN_RIGHT
                                                      : PANGO_ALIGN_CENTER;
                        h = pass == 0 ? sheet_measure(sheet, &text, NULL) : sheet_draw(sheet, &text, sheet->y);
                        height = h > height ? h : height;
                }
                if (pass == 0)
                        sheet_need(sheet, height);
        }
        sheet->y += height + PARAGRAPH_GAP;
}

static void draw_columns(struct sheet *sheet, const json_t *block)
{
        json_t *line;
        size_t i;

        json_array_foreach(lines_of(block), i, line) draw_columns_line(sheet, line);
        sheet->y += 8;
}

static void draw_parties(struct sheet *sheet, const json_t *block)
{
        json_t *line;
        size_t i;

        json_array_foreach(lines_of(block), i, line)
        {
                struct sheet_text label = {sheet_cell(line, 0), STYLE_BOLD, PANGO_ALIGN_LEFT, SHEET_LEFT, PARTY_LABEL};
                struct sheet_text text = {sheet_cell(line, 1), STYLE_TEXT, PANGO_ALIGN_LEFT,
                                          SHEET_LEFT + PARTY_LABEL + 6, SHEET_INNER - PARTY_LABEL - 6};
                double label_height = sheet_measure(sheet, &label, NULL);
                double height;

                sheet_need(sheet, sheet_measure(sheet, &text, NULL));
                sheet_draw(sheet, &label, sheet->y);
                height = sheet_draw(sheet, &text, sheet->y);
                sheet->y += (height > label_height ? height : label_height) + PARAGRAPH_GAP;
        }
        sheet->y += 4;
}

/* The values are as wide as the widest of them, so that the labels stand beside them. */
static double totals_width(struct sheet *sheet, const json_t *block)
{
        double widest = 0;
        json_t *line;
        size_t i;

        json_array_foreach(lines_of(block), i, line)
        {
                struct sheet_text value = {.text = sheet_cell(line, 1), .style = STYLE_BOLD};
                double width;

                sheet_measure(sheet, &value, &width);
                widest = width > widest ? width : widest;
        }
        return widest + 1;
}

static void draw_totals(struct sheet *sheet, const json_t *block)
{
        size_t count = json_array_size(lines_of(block));
        double width = totals_width(sheet, block);
        json_t *line;
        size_t i;

        sheet->y += 4;
        sheet_need(sheet, 16.0 * (double)count);
        json_array_foreach(lines_of(block), i, line)
        {
                enum sheet_style style = i == count - 1 ? STYLE_BOLD : STYLE_TEXT;
                struct sheet_text label = {sheet_cell(line, 0), style, PANGO_ALIGN_RIGHT, SHEET_LEFT,
                                           SHEET_INNER - width - 14};
                struct sheet_text value = {sheet_cell(line, 1), style, PANGO_ALIGN_RIGHT, SHEET_RIGHT - width - 4,
                                           width};
                double height = sheet_draw(sheet, &label, sheet->y);

                sheet_draw(sheet, &value, sheet->y);
                sheet->y += height + 2;
        }
        sheet->y += 6;
}

static void draw_signature(struct sheet *sheet, const json_t *line, double x, double width, double name_y)
{
        struct sheet_text role = {sheet_cell(line, 0), STYLE_BOLD, PANGO_ALIGN_LEFT, x, width};
        struct sheet_text name = {sheet_cell(line, 1), STYLE_SMALL, PANGO_ALIGN_LEFT, x, width};

        sheet_draw(sheet, &role, sheet->y);
        sheet_line(sheet, x, name_y - 2, x + width, name_y - 2, 0.6);
        sheet_draw(sheet, &name, name_y);
}

static void draw_signatures(struct sheet *sheet, const json_t *block)
{
        size_t count = json_array_size(lines_of(block));
        double width =
            (SHEET_INNER - SIGNATURE_GAP * (double)(count > 0 ? count - 1 : 0)) / (double)(count > 0 ? count : 1);
        double role_height = 0;
        double name_height = 0;
        json_t *line;
        size_t i;

        json_array_foreach(lines_of(block), i, line)
        {
                struct sheet_text role = {sheet_cell(line, 0), STYLE_BOLD, PANGO_ALIGN_LEFT, 0, width};
                struct sheet_text name = {sheet_cell(line, 1), STYLE_SMALL, PANGO_ALIGN_LEFT, 0, width};
                double h = sheet_measure(sheet, &role, NULL);

                role_height = h > role_height ? h : role_height;
                h = sheet_measure(sheet, &name, NULL);
                name_height = h > name_height ? h : name_height;
        }
        sheet->y += 14;
        sheet_need(sheet, role_height + SIGNATURE_SPACE + name_height);
        json_array_foreach(lines_of(block), i, line)
            draw_signature(sheet, line, SHEET_LEFT + (double)i * (width + SIGNATURE_GAP), width,
                           sheet->y + role_height + SIGNATURE_SPACE);
        sheet->y += role_height + SIGNATURE_SPACE + name_height + PARAGRAPH_GAP;
}

/* It stands at the foot of every page: whoever draws the pages has it already. */
static void draw_footer(struct sheet *sheet, const json_t *block)
{
        (void)sheet;
        (void)block;
}

static const struct {
        const char *kind;
        sheet_block_fn *draw;
} blocks[] = {
    {"title", draw_title},     {"heading", draw_heading},       {"text", draw_text},
    {"columns", draw_columns}, {"parties", draw_parties},       {"works", sheet_works},
    {"totals", draw_totals},   {"signatures", draw_signatures}, {"footer", draw_footer},
};

const char *const press_kinds[] = {"title", "heading", "text",       "columns", "parties",
                                   "works", "totals",  "signatures", "footer",  NULL};

sheet_block_fn *sheet_block(const char *kind)
{
        for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
                if (strcmp(blocks[i].kind, kind) == 0)
                        return blocks[i].draw;
        }
        return NULL;
}

#include "sheet.h"

#include <stdio.h>

#define FOOTER_Y  (SHEET_HEIGHT - 50.0)
#define GREY      0.35
#define LINE_GREY 0.55

static PangoLayout *lay_out(struct sheet *sheet, const struct sheet_text *text)
{
        PangoLayout *layout = pango_layout_new(sheet->context);

        pango_layout_set_font_description(layout, sheet->fonts[text->style]);
        /* Text, never markup: what stands in a value is drawn as it stands. */
        pango_layout_set_text(layout, text->text, -1);
        pango_layout_set_alignment(layout, text->align);
        pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
        pango_layout_set_width(layout, text->width > 0 ? (int)(text->width * PANGO_SCALE) : -1);
        pango_layout_set_spacing(layout, (int)(1.2 * PANGO_SCALE));
        return layout;
}

static double height_of(PangoLayout *layout, double *width)
{
        int w, h;

        pango_layout_get_size(layout, &w, &h);
        if (width != NULL)
                *width = (double)w / PANGO_SCALE;
        return (double)h / PANGO_SCALE;
}

double sheet_measure(struct sheet *sheet, const struct sheet_text *text, double *width)
{
        PangoLayout *layout = lay_out(sheet, text);
        double height = height_of(layout, width);

        g_object_unref(layout);
        return height;
}

double sheet_draw(struct sheet *sheet, const struct sheet_text *text, double y)
{
        PangoLayout *layout = lay_out(sheet, text);
        double height = height_of(layout, NULL);

        if (sheet->drawing) {
                cairo_move_to(sheet->cr, text->x, y);
                pango_cairo_show_layout(sheet->cr, layout);
        }
        g_object_unref(layout);
        return height;
}

static void draw_footer(struct sheet *sheet)
{
        char number[64];
        struct sheet_text right = {
            .text = number, .style = STYLE_SMALL, .align = PANGO_ALIGN_RIGHT, .x = SHEET_RIGHT - 100, .width = 100};
        struct sheet_text left = {.text = sheet->footer,
                                  .style = STYLE_SMALL,
                                  .x = SHEET_LEFT,
                                  .width = SHEET_INNER - 110};

        if (!sheet->drawing)
                return;
        snprintf(number, sizeof number, "стр. %d из %d", sheet->page, sheet->pages);
        sheet_line(sheet, SHEET_LEFT, FOOTER_Y - 5, SHEET_RIGHT, FOOTER_Y - 5, 0.4);
        cairo_set_source_rgb(sheet->cr, GREY, GREY, GREY);
        sheet_draw(sheet, &right, FOOTER_Y);
        if (sheet->footer != NULL)
                sheet_draw(sheet, &left, FOOTER_Y);
        cairo_set_source_rgb(sheet->cr, 0, 0, 0);
}

void sheet_finish(struct sheet *sheet)
{
        draw_footer(sheet);
        if (sheet->drawing)
                cairo_show_page(sheet->cr);
}

bool sheet_need(struct sheet *sheet, double height)
{
        /* What is higher than a page gets one of its own and is cut at its end. */
        if (sheet->y + height <= SHEET_BOTTOM || sheet->y <= SHEET_TOP)
                return false;
        sheet_finish(sheet);
        sheet->page++;
        sheet->y = SHEET_TOP;
        return true;
}

static double line_height(PangoLayoutLine *line)
{
        PangoRectangle box;

        pango_layout_line_get_extents(line, NULL, &box);
        return (double)box.height / PANGO_SCALE + 1.2;
}

/* One line of a layout; the layout knows where in its width the line stands. */
static void draw_line(struct sheet *sheet, PangoLayoutIter *iter, double x)
{
        PangoLayoutLine *line = pango_layout_iter_get_line_readonly(iter);
        double height = line_height(line);
        PangoRectangle box;

        pango_layout_iter_get_line_extents(iter, NULL, &box);
        if (sheet->drawing) {
                double above = (double)(pango_layout_iter_get_baseline(iter) - box.y) / PANGO_SCALE;

                cairo_move_to(sheet->cr, x + (double)box.x / PANGO_SCALE, sheet->y + above);
                pango_cairo_show_layout_line(sheet->cr, line);
        }
        sheet->y += height;
}

void sheet_paragraph(struct sheet *sheet, const struct sheet_text *text)
{
        PangoLayout *layout = lay_out(sheet, text);
        PangoLayoutIter *iter = pango_layout_get_iter(layout);
        int count = pango_layout_get_line_count(layout);
        int number = 0;

        do {
                /* The first line takes the second with it, the last but one the last. */
                int together = (number == 0 || number == count - 2) && count > 1 ? 2 : 1;

                if (number == 0 && count == 3)
                        together = 3;
                sheet_need(sheet, together * line_height(pango_layout_iter_get_line_readonly(iter)));
                draw_line(sheet, iter, text->x);
                number++;
        } while (pango_layout_iter_next_line(iter));
        pango_layout_iter_free(iter);
        g_object_unref(layout);
}

void sheet_line(struct sheet *sheet, double x1, double y1, double x2, double y2, double thickness)
{
        if (!sheet->drawing)
                return;
        cairo_set_source_rgb(sheet->cr, LINE_GREY, LINE_GREY, LINE_GREY);
        cairo_set_line_width(sheet->cr, thickness);
        cairo_move_to(sheet->cr, x1, y1);
        cairo_line_to(sheet->cr, x2, y2);
        cairo_stroke(sheet->cr);
        cairo_set_source_rgb(sheet->cr, 0, 0, 0);
}

void sheet_fill(struct sheet *sheet, double x, double y, double width, double height, double grey)
{
        if (!sheet->drawing)
                return;
        cairo_set_source_rgb(sheet->cr, grey, grey, grey);
        cairo_rectangle(sheet->cr, x, y, width, height);
        cairo_fill(sheet->cr);
        cairo_set_source_rgb(sheet->cr, 0, 0, 0);
}

const char *sheet_cell(const json_t *line, size_t index)
{
        const char *text = json_string_value(json_array_get(line, index));

        return text != NULL ? text : "";
}

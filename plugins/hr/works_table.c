/* The table of works: as wide as its numbers need, its heading again on every page. */
#include "press.h"
#include "sheet.h"

#define COLUMNS     PRESS_WORKS_COLUMNS
#define NAME_COLUMN 1
#define PADDING     4.0
#define MIN_NAME    150.0

struct table {
        double x[COLUMNS + 1];
        const json_t *heading;
        double top; /* of its part on this page */
};

static const PangoAlignment aligns[COLUMNS] = {PANGO_ALIGN_CENTER, PANGO_ALIGN_LEFT,  PANGO_ALIGN_RIGHT,
                                               PANGO_ALIGN_CENTER, PANGO_ALIGN_RIGHT, PANGO_ALIGN_RIGHT};
static const double least_widths[COLUMNS] = {26, 0, 48, 44, 66, 76};

static void widen(struct sheet *sheet, const json_t *row, enum sheet_style style, double widths[COLUMNS])
{
        for (size_t i = 0; i < COLUMNS; i++) {
                struct sheet_text text = {.text = sheet_cell(row, i), .style = style};
                double width;

                sheet_measure(sheet, &text, &width);
                width += 2 * PADDING + 1;
                if (i != NAME_COLUMN && width > widths[i])
                        widths[i] = width;
        }
}

/* Each column as wide as its widest number; the name takes the rest. */
static void place_columns(struct sheet *sheet, struct table *table, const json_t *rows)
{
        double widths[COLUMNS];
        double others = 0;
        json_t *row;
        size_t i;

        for (size_t c = 0; c < COLUMNS; c++)
                widths[c] = least_widths[c];
        json_array_foreach(rows, i, row) widen(sheet, row, STYLE_TABLE, widths);
        for (size_t c = 0; c < COLUMNS; c++)
                others += c != NAME_COLUMN ? widths[c] : 0;
        /* A unit, or a number, can be wider than there is room for: then its lines are broken. */
        if (others > SHEET_INNER - MIN_NAME) {
                for (size_t c = 0; c < COLUMNS; c++)
                        widths[c] *= (SHEET_INNER - MIN_NAME) / others;
                others = SHEET_INNER - MIN_NAME;
        }
        widths[NAME_COLUMN] = SHEET_INNER - others;
        table->x[0] = SHEET_LEFT;
        for (size_t c = 0; c < COLUMNS; c++)
                table->x[c + 1] = table->x[c] + widths[c];
}

static struct sheet_text cell_text(const struct table *table, const json_t *row, size_t column, bool heading)
{
        return (struct sheet_text){
            .text = sheet_cell(row, column),
            .style = heading ? STYLE_TABLE_HEAD : STYLE_TABLE,
            .align = heading ? PANGO_ALIGN_CENTER : aligns[column],
            .x = table->x[column] + PADDING,
            .width = table->x[column + 1] - table->x[column] - 2 * PADDING,
        };
}

static double row_height(struct sheet *sheet, const struct table *table, const json_t *row, bool heading)
{
        double highest = 0;

        for (size_t c = 0; c < COLUMNS; c++) {
                struct sheet_text text = cell_text(table, row, c, heading);
                double height = sheet_measure(sheet, &text, NULL);

                highest = height > highest ? height : highest;
        }
        return highest + 2 * PADDING;
}

static void draw_row(struct sheet *sheet, const struct table *table, const json_t *row, bool heading, double height)
{
        double left = table->x[0];
        double right = table->x[COLUMNS];

        if (heading)
                sheet_fill(sheet, left, sheet->y, right - left, height, 0.92);
        for (size_t c = 0; c < COLUMNS; c++) {
                struct sheet_text text = cell_text(table, row, c, heading);

                /* Marks piled upon a letter do not leave its cell. */
                if (sheet->drawing) {
                        cairo_save(sheet->cr);
                        cairo_rectangle(sheet->cr, table->x[c], sheet->y, table->x[c + 1] - table->x[c], height);
                        cairo_clip(sheet->cr);
                }
                sheet_draw(sheet, &text, sheet->y + PADDING);
                if (sheet->drawing)
                        cairo_restore(sheet->cr);
        }
        sheet->y += height;
        sheet_line(sheet, left, sheet->y, right, sheet->y, heading ? 0.8 : 0.4);
}

static void begin_part(struct sheet *sheet, struct table *table)
{
        table->top = sheet->y;
        draw_row(sheet, table, table->heading, true, row_height(sheet, table, table->heading, true));
        sheet_line(sheet, table->x[0], table->top, table->x[COLUMNS], table->top, 0.8);
}

static void end_part(struct sheet *sheet, const struct table *table, double bottom)
{
        for (size_t c = 0; c <= COLUMNS; c++)
                sheet_line(sheet, table->x[c], table->top, table->x[c], bottom, c == 0 || c == COLUMNS ? 0.8 : 0.4);
        sheet_line(sheet, table->x[0], bottom, table->x[COLUMNS], bottom, 0.8);
}

void sheet_works(struct sheet *sheet, const json_t *block)
{
        const json_t *rows = json_object_get(block, "rows");
        struct table table = {.heading = json_array_get(json_object_get(block, "lines"), 0)};
        json_t *row;
        size_t i;

        sheet->y += 4;
        place_columns(sheet, &table, rows);
        sheet_need(sheet, 2 * row_height(sheet, &table, table.heading, true) + 24);
        begin_part(sheet, &table);
        json_array_foreach(rows, i, row)
        {
                double height = row_height(sheet, &table, row, false);

                /* The page's lines are drawn before it is left. */
                if (sheet->y + height > SHEET_BOTTOM) {
                        end_part(sheet, &table, sheet->y);
                        sheet_need(sheet, height);
                        begin_part(sheet, &table);
                }
                draw_row(sheet, &table, row, false, height);
        }
        end_part(sheet, &table, sheet->y);
        sheet->y += 6;
}

#include "press.h"

#include "sheet.h"

#include <cairo-pdf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_MAX 16

/*
 * A font map belongs to one print at a time: pango's own (one a thread, of the host's threads here) could not be freed in
 * destroy. Making one costs as much as a page, so they are kept.
 */
struct press {
        char *font;
        pthread_mutex_t lock; /* guards what is idle */
        PangoFontMap *idle[IDLE_MAX];
        size_t idle_count;
};

static PangoFontMap *take_map(struct press *press)
{
        PangoFontMap *map = NULL;

        pthread_mutex_lock(&press->lock);
        if (press->idle_count > 0)
                map = press->idle[--press->idle_count];
        pthread_mutex_unlock(&press->lock);
        return map != NULL ? map : pango_cairo_font_map_new();
}

static void give_map(struct press *press, PangoFontMap *map)
{
        pthread_mutex_lock(&press->lock);
        if (press->idle_count < IDLE_MAX) {
                press->idle[press->idle_count++] = map;
                map = NULL;
        }
        pthread_mutex_unlock(&press->lock);
        if (map != NULL)
                g_object_unref(map);
}

/* Is the font there, and not another in its place? */
static bool has_font(struct press *press)
{
        PangoFontMap *map = take_map(press);
        PangoContext *context = pango_font_map_create_context(map);
        PangoFontDescription *wanted = pango_font_description_new();
        PangoFont *font;
        bool found = false;

        pango_font_description_set_family(wanted, press->font);
        pango_font_description_set_size(wanted, 10 * PANGO_SCALE);
        font = pango_context_load_font(context, wanted);
        if (font != NULL) {
                PangoFontDescription *given = pango_font_describe(font);

                found = strcmp(pango_font_description_get_family(given), press->font) == 0;
                pango_font_description_free(given);
                g_object_unref(font);
        }
        pango_font_description_free(wanted);
        g_object_unref(context);
        give_map(press, map);
        return found;
}

struct press *press_new(const char *font, char *error, size_t error_size)
{
        struct press *press = calloc(1, sizeof *press);

        if (press == NULL || (press->font = strdup(font)) == NULL) {
                free(press);
                snprintf(error, error_size, "out of memory");
                return NULL;
        }
        pthread_mutex_init(&press->lock, NULL);
        if (!has_font(press)) {
                snprintf(error, error_size,
                         "font: expected the family of an installed font, found \"%s\"; \"DejaVu Sans\" comes with the "
                         "package fonts-dejavu-core",
                         font);
                press_free(&press);
        }
        return press;
}

void press_free(struct press **press)
{
        struct press *p = *press;

        *press = NULL;
        if (p == NULL)
                return;
        while (p->idle_count > 0)
                g_object_unref(p->idle[--p->idle_count]);
        pthread_mutex_destroy(&p->lock);
        free(p->font);
        free(p);
}

/* ---- Printing ---- */

static cairo_status_t write_bytes(void *closure, const unsigned char *data, unsigned length)
{
        return fwrite(data, 1, length, closure) == length ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static const struct {
        double size;
        PangoWeight weight;
} styles[STYLES] = {
    [STYLE_TEXT] = {9.5, PANGO_WEIGHT_NORMAL},  [STYLE_BOLD] = {9.5, PANGO_WEIGHT_BOLD},
    [STYLE_TITLE] = {14, PANGO_WEIGHT_BOLD},    [STYLE_HEADING] = {10.5, PANGO_WEIGHT_BOLD},
    [STYLE_TABLE] = {8.5, PANGO_WEIGHT_NORMAL}, [STYLE_TABLE_HEAD] = {8.5, PANGO_WEIGHT_BOLD},
    [STYLE_SMALL] = {7.5, PANGO_WEIGHT_NORMAL},
};

static const char *footer_of(const json_t *content)
{
        json_t *block;
        size_t i;

        json_array_foreach(json_object_get(content, "blocks"), i, block)
        {
                if (strcmp(json_string_value(json_object_get(block, "kind")), "footer") == 0)
                        return sheet_cell(json_array_get(json_object_get(block, "lines"), 0), 0);
        }
        return NULL;
}

static void begin_sheet(struct sheet *sheet, struct press *press, PangoFontMap *map, cairo_t *cr)
{
        cairo_font_options_t *options = cairo_font_options_create();

        sheet->cr = cr;
        sheet->context = pango_font_map_create_context(map);
        pango_cairo_update_context(cr, sheet->context);
        /* A printed page has no pixels: letters stand where their widths put them. */
        cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
        cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
        pango_cairo_context_set_font_options(sheet->context, options);
        pango_context_set_language(sheet->context, pango_language_from_string("ru"));
        pango_context_set_base_dir(sheet->context, PANGO_DIRECTION_LTR);
        cairo_font_options_destroy(options);
        for (int i = 0; i < STYLES; i++) {
                sheet->fonts[i] = pango_font_description_new();
                pango_font_description_set_family(sheet->fonts[i], press->font);
                pango_font_description_set_absolute_size(sheet->fonts[i], styles[i].size * PANGO_SCALE);
                pango_font_description_set_weight(sheet->fonts[i], styles[i].weight);
        }
}

static void end_sheet(struct sheet *sheet)
{
        for (int i = 0; i < STYLES; i++)
                pango_font_description_free(sheet->fonts[i]);
        g_object_unref(sheet->context);
}

static void lay_out_pages(struct sheet *sheet, const json_t *content, bool drawing)
{
        json_t *block;
        size_t i;

        sheet->drawing = drawing;
        sheet->page = 1;
        sheet->y = SHEET_TOP;
        json_array_foreach(json_object_get(content, "blocks"), i, block)
        {
                sheet_block_fn *draw = sheet_block(json_string_value(json_object_get(block, "kind")));

                if (draw != NULL)
                        draw(sheet, block);
        }
        sheet_finish(sheet);
        sheet->pages = sheet->page;
}

/* The time is the document's, so that the same document has the same bytes whenever it is printed. */
static void describe(cairo_surface_t *surface, const json_t *content)
{
        const char *created = json_string_value(json_object_get(content, "created"));
        const char *title = json_string_value(json_object_get(content, "title"));
        const char *author = json_string_value(json_object_get(content, "author"));

        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title != NULL ? title : "");
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, author != NULL ? author : "");
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Pawl hr");
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, created != NULL ? created : "");
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, created != NULL ? created : "");
}

static cairo_status_t draw(struct press *press, const json_t *content, FILE *out, size_t *pages)
{
        cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(write_bytes, out, SHEET_WIDTH, SHEET_HEIGHT);
        cairo_t *cr = cairo_create(surface);
        PangoFontMap *map = take_map(press);
        struct sheet sheet = {.footer = footer_of(content)};
        cairo_status_t status;

        describe(surface, content);
        begin_sheet(&sheet, press, map, cr);
        lay_out_pages(&sheet, content, false);
        lay_out_pages(&sheet, content, true);
        end_sheet(&sheet);
        *pages = (size_t)sheet.pages;
        status = cairo_status(cr);
        cairo_destroy(cr);
        cairo_surface_finish(surface);
        if (status == CAIRO_STATUS_SUCCESS)
                status = cairo_surface_status(surface);
        cairo_surface_destroy(surface);
        give_map(press, map);
        return status;
}

bool press_print(struct press *press, const json_t *content, struct print *print, char *error, size_t error_size)
{
        char *bytes = NULL;
        FILE *out = open_memstream(&bytes, &print->len);
        cairo_status_t status = CAIRO_STATUS_NO_MEMORY;

        if (out != NULL) {
                status = draw(press, content, out, &print->pages);
                if (fclose(out) != 0)
                        status = CAIRO_STATUS_NO_MEMORY;
        }
        print->bytes = (unsigned char *)bytes;
        if (status == CAIRO_STATUS_SUCCESS)
                return true;
        snprintf(error, error_size, "the document could not be drawn: %s", cairo_status_to_string(status));
        print_free(print);
        return false;
}

void print_free(struct print *print)
{
        free(print->bytes);
        print->bytes = NULL;
        print->len = 0;
}

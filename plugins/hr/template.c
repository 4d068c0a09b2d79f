#include "template.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEMPLATE_MAX_SIZE 65536
#define UNKNOWN           "\xe2\x80\x94" /* an em dash */

/* The whole file, its lines cut apart in place. */
struct template
{
        char *text;
        struct line *lines;
        size_t count;
};

/* `kind` names the block that begins here, or is NULL, and then `text` is a line of the block that began last. */
struct line {
        const char *kind;
        const char *text;
};

/* ---- Reading ---- */

static bool known(const char *const *names, const char *name, size_t len)
{
        for (; *names != NULL; names++) {
                if (strlen(*names) == len && memcmp(*names, name, len) == 0)
                        return true;
        }
        return false;
}

static const char *list(const char *const *names, char *text, size_t size)
{
        size_t used = 0;

        text[0] = '\0';
        for (; *names != NULL && used < size; names++)
                used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", *names);
        return text;
}

struct reading {
        const char *path;
        const char *const *kinds;
        const char *const *fields;
        char *error;
        size_t error_size;
};

static bool check_fields(const struct reading *r, const char *text, size_t number)
{
        char names[1024];

        for (const char *open = strstr(text, "{{"); open != NULL; open = strstr(open, "{{")) {
                const char *close = strstr(open, "}}");

                if (close == NULL) {
                        snprintf(r->error, r->error_size, "%s:%zu: expected }} after {{, found none", r->path, number);
                        return false;
                }
                if (!known(r->fields, open + 2, (size_t)(close - open - 2))) {
                        snprintf(r->error, r->error_size, "%s:%zu: {{%.*s}} is no field; expected one of %s", r->path,
                                 number, (int)(close - open - 2), open + 2, list(r->fields, names, sizeof names));
                        return false;
                }
                open = close + 2;
        }
        return true;
}

static bool begin_block(struct template *t, const struct reading *r, char *text, size_t number)
{
        char *close = strchr(text, ']');
        char names[256];

        if (close == NULL || close[1] != '\0' || !known(r->kinds, text + 1, (size_t)(close - text - 1))) {
                snprintf(r->error, r->error_size, "%s:%zu: expected the beginning of a block ([%s]), found %s", r->path,
                         number, list(r->kinds, names, sizeof names), text);
                return false;
        }
        *close = '\0';
        t->lines[t->count++].kind = text + 1;
        return true;
}

static bool add_line(struct template *t, const struct reading *r, char *text, size_t number)
{
        size_t len = strlen(text);

        while (len > 0 && strchr(" \t\r", text[len - 1]) != NULL)
                text[--len] = '\0';
        if (text[0] == '\0' || text[0] == '#')
                return true;
        if (text[0] == '[')
                return begin_block(t, r, text, number);
        if (t->count == 0) {
                snprintf(r->error, r->error_size, "%s:%zu: expected a block before the first line of text", r->path,
                         number);
                return false;
        }
        t->lines[t->count++].text = text;
        return check_fields(r, text, number);
}

static char *read_file(const struct reading *r)
{
        FILE *file = fopen(r->path, "re");
        char *text = malloc(TEMPLATE_MAX_SIZE + 1);
        size_t len = file && text ? fread(text, 1, TEMPLATE_MAX_SIZE + 1, file) : 0;

        if (file == NULL || text == NULL || ferror(file) || len > TEMPLATE_MAX_SIZE) {
                snprintf(r->error, r->error_size, "%s: %s", r->path,
                         len > TEMPLATE_MAX_SIZE ? "expected a template of at most 64 KiB" : strerror(errno));
                free(text);
                text = NULL;
        } else {
                text[len] = '\0';
        }
        if (file != NULL)
                fclose(file);
        return text;
}

static size_t count_lines(const char *text)
{
        size_t count = 1;

        for (; *text != '\0'; text++)
                count += *text == '\n';
        return count;
}

static bool split(struct template *t, const struct reading *r)
{
        char *rest = t->text;
        size_t number = 0;
        char *text;

        t->lines = calloc(count_lines(t->text), sizeof *t->lines);
        if (t->lines == NULL) {
                snprintf(r->error, r->error_size, "%s: out of memory", r->path);
                return false;
        }
        while ((text = strsep(&rest, "\n")) != NULL) {
                if (!add_line(t, r, text, ++number))
                        return false;
        }
        if (t->count > 0)
                return true;
        snprintf(r->error, r->error_size, "%s: expected a block, found an empty file", r->path);
        return false;
}

struct template *template_read(const char *path, const char *const *kinds, const char *const *fields, char *error,
                               size_t error_size)
{
        struct reading r = {path, kinds, fields, error, error_size};
        struct template *t = calloc(1, sizeof *t);

        if (t == NULL) {
                snprintf(error, error_size, "%s: out of memory", path);
                return NULL;
        }
        t->text = read_file(&r);
        if (t->text == NULL || !split(t, &r))
                template_free(&t);
        return t;
}

void template_free(struct template **t)
{
        if (*t == NULL)
                return;
        free((*t)->text);
        free((*t)->lines);
        free(*t);
        *t = NULL;
}

/* ---- Values ---- */

/* How many bytes at `p` are a control character (ASCII's, U+0080 to U+009F) or a separator of lines (U+2028, U+2029). */
static size_t control_length(const unsigned char *p)
{
        if (p[0] < 0x20 || p[0] == 0x7f)
                return 1;
        if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
                return 2;
        return p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9) ? 3 : 0;
}

/* … or a mark of direction (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), by which a text shows as another than it is. */
static size_t direction_length(const unsigned char *p)
{
        if (p[0] == 0xd8 && p[1] == 0x9c)
                return 2;
        if (p[0] != 0xe2 || (p[1] != 0x80 && p[1] != 0x81))
                return 0;
        if (p[1] == 0x80)
                return p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xaa && p[2] <= 0xae) ? 3 : 0;
        return p[2] >= 0xa6 && p[2] <= 0xa9 ? 3 : 0;
}

char *template_value(const char *text)
{
        const unsigned char *p = (const unsigned char *)text;
        char *value = malloc(strlen(text) + 1);
        size_t len = 0;

        while (value != NULL && *p != '\0') {
                size_t control = control_length(p);
                size_t direction = direction_length(p);

                if (control > 0)
                        value[len++] = ' ';
                else if (direction == 0)
                        value[len++] = (char)*p;
                p += control + direction > 0 ? control + direction : 1;
        }
        if (value != NULL)
                value[len] = '\0';
        return value;
}

/* ---- Filling ---- */

struct filling {
        const struct template_field *fields;
        size_t count;
        bool empty_found; /* in the present line */
};

static void put_value(struct filling *f, const char *name, size_t len, FILE *out)
{
        for (size_t i = 0; i < f->count; i++) {
                const char *text = f->fields[i].value;
                char *value;

                if (strlen(f->fields[i].name) != len || memcmp(f->fields[i].name, name, len) != 0 || text == NULL ||
                    text[0] == '\0')
                        continue;
                value = template_value(text);
                fputs(value != NULL ? value : UNKNOWN, out);
                free(value);
                return;
        }
        f->empty_found = true;
        fputs(UNKNOWN, out);
}

/* One cell: `pattern` up to `end`. */
static json_t *fill_cell(struct filling *f, const char *pattern, const char *end)
{
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        json_t *cell = NULL;

        if (out == NULL)
                return NULL;
        while (pattern < end && *pattern == ' ')
                pattern++;
        while (end > pattern && end[-1] == ' ')
                end--;
        while (pattern < end) {
                const char *open = strstr(pattern, "{{");
                const char *close = open != NULL && open < end ? strstr(open, "}}") : NULL;

                if (close == NULL) {
                        fwrite(pattern, 1, (size_t)(end - pattern), out);
                        break;
                }
                fwrite(pattern, 1, (size_t)(open - pattern), out);
                put_value(f, open + 2, (size_t)(close - open - 2), out);
                pattern = close + 2;
        }
        if (fclose(out) == 0)
                cell = json_stringn(text, len);
        free(text);
        return cell;
}

static json_t *fill_line(struct filling *f, const char *text)
{
        json_t *cells = json_array();
        const char *end;

        f->empty_found = false;
        do {
                end = strchrnul(text, '|');
                json_array_append_new(cells, fill_cell(f, text, end));
                text = end + 1;
        } while (*end != '\0');
        return cells;
}

json_t *template_fill(const struct template *t, const struct template_field *fields, size_t field_count)
{
        struct filling f = {fields, field_count, false};
        json_t *blocks = json_array();
        json_t *lines = NULL;

        for (size_t i = 0; i < t->count; i++) {
                const char *text = t->lines[i].text;
                json_t *line;

                if (t->lines[i].kind != NULL) {
                        lines = json_array();
                        json_array_append_new(blocks, json_pack("{ss so}", "kind", t->lines[i].kind, "lines", lines));
                        continue;
                }
                line = fill_line(&f, text[0] == '?' ? text + 1 : text);
                if (text[0] == '?' && f.empty_found)
                        json_decref(line);
                else
                        json_array_append_new(lines, line);
        }
        return blocks;
}

#include "base/config_errors.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void add(struct config_errors *errors, bool warning, const char *file, int line, const char *fmt, va_list ap)
    __attribute__((format(printf, 5, 0)));

static void add(struct config_errors *errors, bool warning, const char *file, int line, const char *fmt, va_list ap)
{
        struct buf text = {0};

        buf_vprintf(&text, fmt, ap);
        errors->items = memory_resize(errors->items, errors->count + 1, sizeof *errors->items);
        errors->items[errors->count++] = (struct config_problem){
            .warning = warning,
            .file = memory_string(file),
            .line = line,
            .text = buf_take(&text, NULL),
        };
        if (!warning)
                errors->error_count++;
}

bool config_error(struct config_errors *errors, const char *file, int line, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        add(errors, false, file, line, fmt, ap);
        va_end(ap);
        return false;
}

void config_warning(struct config_errors *errors, const char *file, int line, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        add(errors, true, file, line, fmt, ap);
        va_end(ap);
}

static int compare_problems(const void *left, const void *right)
{
        const struct config_problem *a = left, *b = right;
        int by_file = strcmp(a->file ? a->file : "", b->file ? b->file : "");

        if (by_file != 0)
                return by_file;
        if (a->line != b->line)
                return a->line < b->line ? -1 : 1;
        return strcmp(a->text, b->text);
}

void config_errors_print(struct config_errors *errors, struct buf *out)
{
        if (errors->count > 1)
                qsort(errors->items, errors->count, sizeof *errors->items, compare_problems);
        for (size_t i = 0; i < errors->count; i++) {
                const struct config_problem *p = &errors->items[i];

                if (p->file != NULL)
                        buf_printf(out, "%s:", p->file);
                if (p->file != NULL && p->line > 0)
                        buf_printf(out, "%d:", p->line);
                buf_printf(out, "%s%s: %s\n", p->file != NULL ? " " : "", p->warning ? "warning" : "error", p->text);
        }
}

void config_errors_free(struct config_errors *errors)
{
        for (size_t i = 0; i < errors->count; i++) {
                free(errors->items[i].file);
                free(errors->items[i].text);
        }
        free(errors->items);
        *errors = (struct config_errors){0};
}

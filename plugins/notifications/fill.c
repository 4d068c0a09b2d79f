#include "fill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"phone", "text", "id"};

/* The number of the name that stands at `place` ("{{text}}…"), and where the place ends; -1: none of ours. */
static int place_at(const char *place, const char **end)
{
        for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++) {
                size_t len = strlen(names[i]);

                if (strncmp(place + 2, names[i], len) == 0 && strncmp(place + 2 + len, "}}", 2) == 0) {
                        *end = place + len + 4;
                        return i;
                }
        }
        return -1;
}

bool fill_check(const char *what, const char *template, char *error, size_t error_size)
{
        const char *place = template, *end;

        while ((place = strstr(place, "{{")) != NULL) {
                if (place_at(place, &end) < 0) {
                        snprintf(error, error_size, "%s: expected {{phone}}, {{text}} or {{id}}, found \"%.20s\"", what,
                                 place);
                        return false;
                }
                place = end;
        }
        return true;
}

static void write_json(FILE *out, const char *text)
{
        for (; *text != '\0'; text++) {
                if ((unsigned char)*text < 0x20)
                        fprintf(out, "\\u%04x", (unsigned char)*text);
                else if (*text == '"' || *text == '\\')
                        fprintf(out, "\\%c", *text);
                else
                        fputc(*text, out);
        }
}

static void write_url(FILE *out, const char *text)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

        for (; *text != '\0'; text++) {
                if (strchr(plain, *text) != NULL)
                        fputc(*text, out);
                else
                        fprintf(out, "%%%02X", (unsigned char)*text);
        }
}

char *fill(const char *template, enum fill_escape escape, const struct fill_values *values)
{
        const char *const texts[] = {values->phone, values->text, values->id};
        const char *place, *end = template;
        char *filled = NULL;
        size_t len;
        FILE *out = open_memstream(&filled, &len);

        if (out == NULL)
                return NULL;
        while ((place = strstr(template, "{{")) != NULL) {
                int name = place_at(place, &end);

                if (name < 0)
                        break; /* fill_check has refused it */
                fwrite(template, 1, (size_t)(place - template), out);
                (escape == FILL_JSON ? write_json : write_url)(out, texts[name]);
                template = end;
        }
        fputs(template, out);
        if (fclose(out) != 0) {
                free(filled);
                return NULL;
        }
        return filled;
}

#include "csv.h"

#include <stdbool.h>
#include <string.h>

/* Behind the closing quote of a field that begins with one; NULL: it has none. */
static const char *quote_end(const char *at)
{
        for (at++; *at != '\0'; at++) {
                if (*at == '"' && at[1] == '"')
                        at++;
                else if (*at == '"')
                        return at + 1;
        }
        return NULL;
}

/* The line end, or the text's, behind the record at `at`, left unchanged; NULL: it is broken. */
static const char *record_end(const char *at, const char **fault)
{
        size_t fields = 1;

        for (;;) {
                bool quoted = *at == '"';

                at = quoted ? quote_end(at) : at + strcspn(at, ",\r\n");
                if (at == NULL || strchr(",\r\n", *at) == NULL) { /* strchr finds the text's end too */
                        *fault = at == NULL ? "expected a closing quote, found none"
                                            : "expected a comma behind a closing quote, found something else";
                        return NULL;
                }
                if (*at != ',')
                        return at;
                if (++fields > CSV_FIELDS_MAX) {
                        *fault = "expected at most 64 fields, found more";
                        return NULL;
                }
                at++;
        }
}

/* Takes the quotes off the field at `in`, in place; returns where it ended. */
static char *unquote(char *in)
{
        char *out = in;

        for (in++; *in != '"' || in[1] == '"'; in++) {
                if (*in == '"')
                        in++;
                *out++ = *in;
        }
        in++;
        if (out != in)
                memset(out, 0, (size_t)(in - out));
        return in;
}

static void split(char *at, const char *end, struct csv_record *record)
{
        record->count = 0;
        for (;;) {
                record->fields[record->count++] = at;
                if (*at == '"')
                        at = unquote(at);
                else
                        at += strcspn(at, ",\r\n");
                if (at == end)
                        return;
                *at++ = '\0';
        }
}

/* To the next line's begin. */
static void pass(struct csv *csv, char *end)
{
        for (const char *c = csv->at; c < end; c++)
                csv->line += *c == '\n';
        if (*end == '\r' && end[1] == '\n')
                *end++ = '\0';
        if (*end != '\0') {
                csv->line++;
                *end++ = '\0';
        }
        csv->at = end;
}

int csv_next(struct csv *csv, struct csv_record *record, const char **fault)
{
        const char *end;
        char *begin;

        while (*csv->at != '\0' && strchr("#\r\n", *csv->at) != NULL)
                pass(csv, csv->at + strcspn(csv->at, "\r\n"));
        record->line = csv->line;
        if (*csv->at == '\0')
                return 0;
        begin = csv->at;
        end = record_end(begin, fault);
        if (end == NULL) {
                pass(csv, begin + strcspn(begin, "\r\n"));
                return -1;
        }
        pass(csv, begin + (end - begin));
        split(begin, end, record);
        return 1;
}

#include "answer.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBLEM_TYPE "application/problem+json"

static const struct {
        unsigned status;
        const char *title;
        const char *type; /* of the document, relative to where the gateway's problems are described */
} problems[] = {
    {400, "Bad Request", "invalid"},         {401, "Unauthorized", "unauthorized"},
    {403, "Forbidden", "forbidden"},         {404, "Not Found", "not-found"},
    {405, "Method Not Allowed", "method"},   {409, "Conflict", "conflict"},
    {413, "Content Too Large", "too-large"}, {415, "Unsupported Media Type", "media-type"},
    {429, "Too Many Requests", "too-many"},  {500, "Internal Server Error", "internal"},
    {502, "Bad Gateway", "refused"},         {503, "Service Unavailable", "unavailable"},
};

static size_t row_of(unsigned status)
{
        size_t row = 0;

        while (row + 1 < sizeof problems / sizeof problems[0] && problems[row].status != status)
                row++;
        return row;
}

const char *problem_title(unsigned status)
{
        return problems[row_of(status)].title;
}

static void set_body(struct answer *answer, unsigned status, const char *type, char *body, size_t len)
{
        free(answer->body);
        answer->status = status;
        answer->type = type;
        answer->body = body;
        answer->len = len;
}

static void set_json(struct answer *answer, unsigned status, const char *type, json_t *document)
{
        char *body = json_dumps(document, JSON_COMPACT);

        if (body == NULL)
                abort(); /* what stands in a document is UTF-8: that is checked where it comes in */
        json_decref(document);
        set_body(answer, status, type, body, strlen(body));
}

void answer_json(struct answer *answer, unsigned status, json_t *document)
{
        set_json(answer, status, "application/json", document);
}

void answer_text(struct answer *answer, unsigned status, const char *type, struct pawl_str body)
{
        set_body(answer, status, type, memory_text(body.ptr, body.len), body.len);
}

void answer_header(struct answer *answer, const char *name, const char *fmt, ...)
{
        struct answer_header *header = NULL;
        va_list ap;

        for (size_t i = 0; i < answer->header_count && header == NULL; i++)
                if (strcmp(answer->headers[i].name, name) == 0)
                        header = &answer->headers[i];
        if (header == NULL) {
                if (answer->header_count == ANSWER_HEADERS)
                        abort();
                header = &answer->headers[answer->header_count++];
        }
        header->name = name;
        va_start(ap, fmt);
        vsnprintf(header->value, sizeof header->value, fmt, ap);
        va_end(ap);
        for (char *at = header->value; *at != '\0'; at++)
                if ((unsigned char)*at < 0x20 || *at == 0x7f)
                        *at = '?';
}

json_t *problem_new(unsigned status, const char *instance, const char *fmt, ...)
{
        size_t row = row_of(status);
        char detail[1024], type[64];
        json_t *problem, *words;
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(detail, sizeof detail, fmt, ap);
        va_end(ap);
        snprintf(type, sizeof type, "urn:pawl:problem:%s", problems[row].type);
        problem = json_pack("{ss, ss, si}", "type", type, "title", problems[row].title, "status", (int)status);
        /* A caller's words may have been cut in the middle of a character, or be no text at all. */
        words = json_string(detail);
        json_object_set_new(problem, "detail", words != NULL ? words : json_string(problems[row].title));
        words = json_string(instance);
        if (words != NULL)
                json_object_set_new(problem, "instance", words);
        return problem;
}

void problem_fault(json_t *problem, const char *field, const char *expected, const char *found, size_t line)
{
        json_t *errors = json_object_get(problem, "errors");
        json_t *fault = json_object(), *words;

        if (errors == NULL) {
                errors = json_array();
                json_object_set_new(problem, "errors", errors);
        }
        if (line > 0)
                json_object_set_new(fault, "line", json_integer((json_int_t)line));
        words = json_string(field);
        json_object_set_new(fault, "field", words != NULL ? words : json_string("?"));
        json_object_set_new(fault, "expected", json_string(expected));
        words = json_string(found);
        json_object_set_new(fault, "found", words != NULL ? words : json_string("?"));
        json_array_append_new(errors, fault);
}

void problem_answer(struct answer *answer, json_t *problem)
{
        unsigned status = (unsigned)json_integer_value(json_object_get(problem, "status"));

        set_json(answer, status, PROBLEM_TYPE, problem);
}

void answer_clear(struct answer *answer)
{
        free(answer->body);
        *answer = (struct answer){0};
}

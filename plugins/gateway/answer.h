/*
 * What a caller is told: status, headers, a document. Errors are problem documents (RFC 9457). The http thread.
 */
#ifndef GATEWAY_ANSWER_H
#define GATEWAY_ANSWER_H

#include <jansson.h>
#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>

#define ANSWER_HEADERS 4

struct answer_header {
        const char *name; /* static */
        char value[160];
};

struct answer {
        unsigned status; /* 0: there is none yet */
        const char *type;
        char *body; /* malloc'ed */
        size_t len;
        struct answer_header headers[ANSWER_HEADERS];
        size_t header_count;
};

/* The document is taken over; it is written as compact JSON. */
void answer_json(struct answer *answer, unsigned status, json_t *document);

/* A body as it stands, copied. */
void answer_text(struct answer *answer, unsigned status, const char *type, struct pawl_str body);

/* What control characters are in `value` become '?', so that no caller's text ends a header. */
PAWL_PRINTF(3, 4) void answer_header(struct answer *answer, const char *name, const char *fmt, ...);

/*
 * A problem document: `detail` in words, `instance` the path. More members may be added to what is returned until the next call of answer_finish,
 * which writes it.
 */
PAWL_PRINTF(3, 4) json_t *problem_new(unsigned status, const char *instance, const char *fmt, ...);
void problem_answer(struct answer *answer, json_t *problem);

/* One fault of a body: appended to problem.errors. `line` 0: the body has no lines. */
void problem_fault(json_t *problem, const char *field, const char *expected, const char *found, size_t line);

/* What the problem's status is called: "Bad Request". */
const char *problem_title(unsigned status);

void answer_clear(struct answer *answer);

#endif

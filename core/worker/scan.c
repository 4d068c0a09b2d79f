#include "worker/scan.h"

#include "base/memory.h"
#include "worker/scan_text.h"

#include <stdlib.h>
#include <string.h>

/* Objects of more members than this are checked for repeated names in one go at the end, so that none costs quadratic time. */
#define PAIRWISE_MAX 64

struct walk {
        const char *begin;
        const char *end;
        struct scan_fault *fault;
};

static const char *fail(const struct walk *w, const char *at, const char *reason)
{
        w->fault->reason = at >= w->end ? "the text ends too early" : reason;
        w->fault->offset = (size_t)(at - w->begin);
        return NULL;
}

static inline const char *skip_space(const struct walk *w, const char *p)
{
        while (p < w->end && (unsigned char)*p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
                p++;
        return p;
}

/* `p` is behind the opening quote; returns behind the closing one. */
static inline const char *take_string(const struct walk *w, const char *p, bool *escaped)
{
        const char *reason = NULL;
        const char *q = scan_string(p, w->end, escaped, &reason);

        if (reason == NULL)
                return q;
        return fail(w, q, reason);
}

static const char *take_word(const struct walk *w, const char *p, const char *word, size_t len)
{
        if ((size_t)(w->end - p) >= len && memcmp(p, word, len) == 0)
                return p + len;
        return fail(w, p, "expected a value");
}

/* A value that is neither object nor array, at `p`. */
static inline const char *take_scalar(const struct walk *w, const char *p, uint8_t *kind, bool *escaped)
{
        const char *reason = NULL, *q;

        if (p >= w->end)
                return fail(w, p, NULL);
        *escaped = false;
        switch (*p) {
        case '"':
                *kind = PAWL_KIND_STRING;
                return take_string(w, p + 1, escaped);
        case 't':
                *kind = PAWL_KIND_BOOL;
                return take_word(w, p, "true", 4);
        case 'f':
                *kind = PAWL_KIND_BOOL;
                return take_word(w, p, "false", 5);
        case 'n':
                *kind = PAWL_KIND_NULL;
                return take_word(w, p, "null", 4);
        default:
                q = scan_number(p, w->end, kind, &reason);
                return reason == NULL ? q : fail(w, q, reason);
        }
}

/* The name of a member and its colon; `p` is where the name must begin. Returns where the value begins. */
static inline __attribute__((always_inline)) const char *take_name(const struct walk *w, const char *p,
                                                                   const char **name, uint32_t *len, bool *escaped)
{
        const char *q;

        if (p >= w->end || *p != '"')
                return fail(w, p, "expected the name of a member");
        *name = p + 1;
        q = take_string(w, p + 1, escaped);
        if (q == NULL)
                return NULL;
        *len = (uint32_t)(q - 1 - *name);
        q = skip_space(w, q);
        if (q >= w->end || *q != ':')
                return fail(w, q, "expected ':'");
        return skip_space(w, q + 1);
}

/*
 * An object or array at `p`, itself inside the outermost object. What is open is one bit a level, so that no text, however deep,
 * takes any stack.
 */
static const char *take_container(const struct walk *w, const char *p)
{
        uint64_t objects = 0; /* bit d: the container at level d is an object */
        unsigned depth = 1;   /* the outermost object is open */
        const char *name;
        uint32_t len;
        uint8_t kind;
        bool escaped;

value:
        if (p < w->end && (*p == '{' || *p == '[')) {
                if (depth >= SCAN_DEPTH_MAX)
                        return fail(w, p, "nested deeper than 64");
                objects = (objects << 1) | (*p == '{');
                depth++;
                p = skip_space(w, p + 1);
                if (p < w->end && *p == ((objects & 1) != 0 ? '}' : ']'))
                        goto close;
                goto element;
        }
        p = take_scalar(w, p, &kind, &escaped);
        if (p == NULL)
                return NULL;
behind:
        p = skip_space(w, p);
        if (p < w->end && *p == ',') {
                p = skip_space(w, p + 1);
                goto element;
        }
        if (p >= w->end || *p != ((objects & 1) != 0 ? '}' : ']'))
                return fail(w, p, (objects & 1) != 0 ? "expected ',' or '}'" : "expected ',' or ']'");
close:
        p++;
        objects >>= 1;
        if (--depth == 1)
                return p;
        goto behind;
element:
        if ((objects & 1) != 0) {
                p = take_name(w, p, &name, &len, &escaped);
                if (p == NULL)
                        return NULL;
        }
        goto value;
}

/* One member, from its name to behind its value. */
static inline const char *take_member(const struct walk *w, const char *p, struct scan_member *m)
{
        p = take_name(w, p, &m->name, &m->name_len, &m->name_escaped);
        if (p == NULL)
                return NULL;
        m->value = p;
        m->value_escaped = false;
        if (p < w->end && (*p == '{' || *p == '[')) {
                m->kind = *p == '{' ? PAWL_KIND_OBJECT : PAWL_KIND_ARRAY;
                p = take_container(w, p);
        } else {
                p = take_scalar(w, p, &m->kind, &m->value_escaped);
        }
        if (p != NULL)
                m->value_len = (uint32_t)(p - m->value);
        return p;
}

/* The beginning of the outermost object; returns where its first member's name or its end is. */
static inline const char *take_begin(const struct walk *w)
{
        const char *p = skip_space(w, w->begin);

        if (p >= w->end || *p != '{')
                return fail(w, p, "expected an object");
        return skip_space(w, p + 1);
}

/* ---- repeated names ---- */

static bool names_equal(const struct scan_member *a, const struct scan_member *b)
{
        return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
}

static int by_name(const void *a, const void *b)
{
        const struct scan_member *x = a, *y = b;
        int order = memcmp(x->name, y->name, x->name_len < y->name_len ? x->name_len : y->name_len);

        if (order != 0)
                return order;
        if (x->name_len != y->name_len)
                return x->name_len < y->name_len ? -1 : 1;
        return x->value < y->value ? -1 : x->value > y->value;
}

/* The member that repeats an earlier one's name, escapes undone; NULL: none. For large objects and for names with escapes. */
static const char *find_repeated(const struct scan_members *members, size_t text_len)
{
        struct scan_member *sorted = memory_zero(members->count, sizeof *sorted);
        char *unescaped = malloc(text_len), *at = unescaped;
        const char *found = NULL;
        uint32_t i;

        memcpy(sorted, members->items, members->count * sizeof *sorted);
        for (i = 0; unescaped != NULL && i < members->count; i++)
                if (sorted[i].name_escaped) {
                        sorted[i].name_len = (uint32_t)scan_unescape(sorted[i].name, sorted[i].name_len, at);
                        sorted[i].name = at;
                        at += sorted[i].name_len;
                }
        qsort(sorted, members->count, sizeof *sorted, by_name);
        for (i = 1; i < members->count; i++)
                if (names_equal(&sorted[i - 1], &sorted[i]) && (found == NULL || sorted[i].value < found))
                        found = sorted[i].value;
        free(unescaped);
        free(sorted);
        return found;
}

/* A filter of 256 bits over length and a few bytes of each name: only names that share a bit are compared. */
struct filter {
        uint64_t bits[4];
        bool later; /* find_repeated has to look */
};

static inline bool repeats(struct filter *f, const struct scan_members *members, const struct scan_member *m)
{
        const unsigned char *n = (const unsigned char *)m->name;
        unsigned h = m->name_len * 7;
        uint64_t bit;
        uint32_t i;

        if (m->name_escaped || members->count >= PAIRWISE_MAX) {
                f->later = true;
                return false;
        }
        if (m->name_len > 0)
                h += n[0] * 31u + n[m->name_len - 1] * 131u + n[m->name_len / 2] * 61u;
        bit = UINT64_C(1) << (h & 63);
        if ((f->bits[h >> 6 & 3] & bit) == 0) {
                f->bits[h >> 6 & 3] |= bit;
                return false;
        }
        for (i = 0; i < members->count; i++)
                if (names_equal(&members->items[i], m))
                        return true;
        return false;
}

/* ---- the two questions ---- */

static inline struct scan_member *next_member(struct scan_members *members)
{
        if (members->count == members->cap) {
                members->cap = members->cap != 0 ? members->cap * 2 : 32;
                members->items = memory_resize(members->items, members->cap, sizeof *members->items);
        }
        return &members->items[members->count];
}

static const char *index_members(const struct walk *w, struct scan_members *members, struct filter *filter)
{
        const char *p = take_begin(w);

        if (p == NULL)
                return NULL;
        if (p < w->end && *p == '}')
                return p + 1;
        for (;;) {
                struct scan_member *m = next_member(members);

                p = take_member(w, p, m);
                if (p == NULL)
                        return NULL;
                if (repeats(filter, members, m))
                        return fail(w, m->name, "a member is repeated");
                members->count++;
                p = skip_space(w, p);
                if (p >= w->end || *p != ',')
                        break;
                p = skip_space(w, p + 1);
        }
        if (p >= w->end || *p != '}')
                return fail(w, p, "expected ',' or '}'");
        return p + 1;
}

bool scan_index(const char *text, size_t len, struct scan_members *members, struct scan_fault *fault)
{
        struct walk w = {.begin = text, .end = text + len, .fault = fault};
        struct filter filter = {.later = false};
        const char *p;

        members->count = 0;
        fault->reason = NULL;
        p = index_members(&w, members, &filter);
        if (p == NULL)
                return false;
        p = skip_space(&w, p);
        if (p < w.end)
                return fail(&w, p, "expected the end of the text behind the object") != NULL;
        if (!filter.later)
                return true;
        p = find_repeated(members, len);
        return p == NULL || fail(&w, p, "a member is repeated") != NULL;
}

static bool is_event_type(const struct scan_member *m)
{
        char name[64];

        if (!m->name_escaped)
                return m->name_len == 10 && memcmp(m->name, "event_type", 10) == 0;
        return m->name_len <= sizeof name && scan_unescape(m->name, m->name_len, name) == 10 &&
               memcmp(name, "event_type", 10) == 0;
}

bool scan_type(const char *text, size_t len, struct pawl_str *type, bool *escaped, struct scan_fault *fault)
{
        struct walk w = {.begin = text, .end = text + len, .fault = fault};
        struct scan_member m;
        const char *p;

        fault->reason = NULL;
        p = take_begin(&w);
        if (p != NULL && p < w.end && *p == '}')
                return fail(&w, p, "expected a member event_type") != NULL;
        while (p != NULL) {
                p = take_member(&w, p, &m);
                if (p == NULL)
                        break;
                if (is_event_type(&m)) {
                        if (m.kind != PAWL_KIND_STRING)
                                return fail(&w, m.value, "event_type: expected a string") != NULL;
                        *type = pawl_bytes(m.value + 1, m.value_len - 2);
                        *escaped = m.value_escaped;
                        return true;
                }
                p = skip_space(&w, p);
                if (p >= w.end || *p != ',')
                        return fail(&w, p,
                                    p < w.end && *p == '}' ? "expected a member event_type" : "expected ',' or '}'") !=
                               NULL;
                p = skip_space(&w, p + 1);
        }
        return false;
}

void scan_members_free(struct scan_members *members)
{
        free(members->items);
        memset(members, 0, sizeof *members);
}

#include "completion.h"

#include "money.h"
#include "raw_json.h"

#include "common/cut.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_SIZE 60 /* of what was found this much is quoted */

/* ---- Faults ---- */

struct faults {
        char *text;
        size_t size;
        size_t used;
        size_t count;
};

/* A place in completion_data: "amount", or a work's member. */
struct place {
        size_t work;
        const char *member;
};

#define NO_WORK SIZE_MAX

/* What does not fit any more is left out, but never counts as right. */
static PAWL_PRINTF(2, 3) void add_text(struct faults *faults, const char *fmt, ...)
{
        size_t room = faults->size - faults->used;
        va_list ap;
        int len;

        va_start(ap, fmt);
        len = vsnprintf(faults->text + faults->used, room, fmt, ap);
        va_end(ap);
        if (len > 0)
                faults->used += (size_t)len < room ? (size_t)len : room - 1;
}

static void add_fault(struct faults *faults, struct place place, const char *expected, struct pawl_str found)
{
        faults->count++;
        add_text(faults, "%scompletion_data.", faults->used > 0 ? "; " : "");
        if (place.work != NO_WORK)
                add_text(faults, "works[%zu]%s", place.work, place.member[0] != '\0' ? "." : "");
        add_text(faults, "%s: expected %s, found ", place.member, expected);
        if (found.ptr == NULL)
                add_text(faults, "nothing");
        else
                add_text(faults, "%.*s%s", (int)cut(found, FOUND_SIZE).len, found.ptr,
                         found.len > FOUND_SIZE ? "…" : "");
}

/* ---- Members ---- */

static bool is_missing(const json_t *value)
{
        return value == NULL || json_is_null(value);
}

struct number_kind {
        unsigned places;
        int64_t max;
        const char *expected;
};

static const struct number_kind money = {MONEY_PLACES, MONEY_MAX, "a number of roubles"};
static const struct number_kind quantity = {QUANTITY_PLACES, QUANTITY_MAX, "a number"};

static void read_number(const json_t *value, struct pawl_str raw, struct place place, const struct number_kind *kind,
                        int64_t *number, struct faults *faults)
{
        const char *expected = kind->expected;

        if (!json_is_number(value) || !decimal_parse(raw, kind->places, kind->max, number, &expected))
                add_fault(faults, place, expected, raw);
}

static size_t characters(const char *text)
{
        size_t count = 0;

        for (; *text != '\0'; text++)
                count += ((unsigned char)*text & 0xc0) != 0x80;
        return count;
}

static const char *read_text(const json_t *value, struct pawl_str raw, struct place place, size_t max,
                             struct faults *faults)
{
        char expected[64];
        const char *text = json_string_value(value);

        snprintf(expected, sizeof expected, "a text of 1 to %zu characters", max);
        if (text != NULL && text[0] != '\0' && characters(text) <= max)
                return text;
        add_fault(faults, place, expected, raw);
        return "";
}

/* ---- Works ---- */

static void read_work(const json_t *item, struct pawl_str raw, size_t index, struct completion *c,
                      struct faults *faults)
{
        struct work *work = &c->works[index];
        const json_t *unit = json_object_get(item, "unit");
        const json_t *count = json_object_get(item, "quantity");
        size_t faults_before = faults->count;

        *work = (struct work){.unit = "шт.", .quantity = 1000};
        if (!json_is_object(item)) {
                add_fault(faults, (struct place){index, ""}, "an object of name, quantity, unit and price", raw);
                return;
        }
        work->name = read_text(json_object_get(item, "name"), raw_member(raw, "name"), (struct place){index, "name"},
                               COMPLETION_MAX_NAME, faults);
        if (!is_missing(count))
                read_number(count, raw_member(raw, "quantity"), (struct place){index, "quantity"}, &quantity,
                            &work->quantity, faults);
        if (!is_missing(unit))
                work->unit = read_text(unit, raw_member(raw, "unit"), (struct place){index, "unit"},
                                       COMPLETION_MAX_UNIT, faults);
        read_number(json_object_get(item, "price"), raw_member(raw, "price"), (struct place){index, "price"}, &money,
                    &work->price, faults);
        if (faults->count > faults_before)
                return;
        if (!money_times(work->price, work->quantity, &work->sum) || work->sum > MONEY_MAX - c->sum)
                add_fault(faults, (struct place){index, "price"}, "works of at most 1000000000000 roubles together",
                          raw_member(raw, "price"));
        else
                c->sum += work->sum;
}

static void read_works(const json_t *works, struct pawl_str raw, struct completion *c, struct faults *faults)
{
        struct pawl_str items = raw_items(raw);
        size_t count = json_array_size(works);

        if (!json_is_array(works) || count > COMPLETION_MAX_WORKS) {
                add_fault(faults, (struct place){NO_WORK, "works"}, "an array of at most 1000 works", raw);
                return;
        }
        c->works = calloc(count + 1, sizeof *c->works);
        if (c->works == NULL) {
                add_fault(faults, (struct place){NO_WORK, "works"}, "memory for it", pawl_text(NULL));
                return;
        }
        c->count = count;
        for (size_t i = 0; i < count; i++)
                read_work(json_array_get(works, i), raw_next(&items), i, c, faults);
}

bool completion_read(const json_t *data, struct pawl_str raw, struct completion *c, char *error, size_t size)
{
        struct faults faults = {.text = error, .size = size};
        const json_t *works = json_object_get(data, "works");
        const json_t *amount = json_object_get(data, "amount");

        memset(c, 0, sizeof *c);
        error[0] = '\0';
        if (!is_missing(works))
                read_works(works, raw_member(raw, "works"), c, &faults);
        if (!is_missing(amount)) {
                c->has_amount = true;
                read_number(amount, raw_member(raw, "amount"), (struct place){NO_WORK, "amount"}, &money, &c->amount,
                            &faults);
        }
        if (faults.count == 0)
                return true;
        completion_free(c);
        return false;
}

void completion_free(struct completion *c)
{
        free(c->works);
        memset(c, 0, sizeof *c);
}

char *completion_text(const struct completion *c, int64_t contractor_id)
{
        json_t *works = json_array();
        json_t *object;
        char *text;

        for (size_t i = 0; i < c->count; i++) {
                const struct work *w = &c->works[i];

                json_array_append_new(works, json_pack("[s s I I]", w->name, w->unit, (json_int_t)w->quantity,
                                                       (json_int_t)w->price));
        }
        object = json_pack("{sI so sI}", "contractor_id", (json_int_t)contractor_id, "works", works, "amount",
                           (json_int_t)(c->has_amount ? c->amount : -1));
        text = json_dumps(object, JSON_COMPACT);
        json_decref(object);
        return text;
}

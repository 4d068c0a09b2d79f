/*
 * The plugin in the tests' host, events for it, and eyes for what it printed (poppler-utils).
 */
#ifndef HR_FIXTURE_H
#define HR_FIXTURE_H

#include "common/tests/scratch.h"
#include "testhost.h"

#include <criterion/criterion.h>
#include <jansson.h>

#define FIXTURE_SETTINGS                                                                                                                       \
        "templates = \"" HR_TEMPLATES "\"; utc_offset = \"+03:00\"; generated_by = 9;"                                                         \
        "organisation = { name = \"ООО «Агрегатор заявок»\"; inn = \"7701234567\"; kpp = \"770101001\";"                   \
        " address = \"125009, Москва, ул. Тверская, д. 1\"; city = \"Москва\"; director = \"Петров П. П.\"; };" \
        "contractors = ({ id = 55; name = \"Иванов Иван Иванович\"; requisites = \"ИНН 770112345678\"; });"

#define TWO_WORKS                                                                                                            \
        "\"works\":[{\"name\":\"Замена компрессора\",\"quantity\":1,\"unit\":\"шт.\",\"price\":6500.50}," \
        "{\"name\":\"Заправка хладагентом\",\"quantity\":1.5,\"unit\":\"кг\",\"price\":800}]"

/* A new host in the scratch directory, and `.init`, `.fini` that make and end it. */
extern struct testhost *host;
void fixture_make(void);
void fixture_end(void);

/* The last event's result; its emits live until the next event. */
extern struct testhost_result last;

/* workflow.work_completed of contractor 55 at 2026-11-22T22:30Z; `completion` is the inside of completion_data. */
pawl_result feed_completed(int64_t request_id, const char *event_id, const char *completion);

/* Any event, as JSON without braces, on the topic of its type. What it emits must be in the catalogue, with the key that belongs to it. */
pawl_result feed(const char *event_type, const char *key, const char *members);

/* security.contractor_verified; `event_id` NULL: none. */
pawl_result feed_verified(int64_t contractor_id, const char *event_id, const char *type, const char *result);

void expect_in_catalogue(const struct emit *e);

/* The body of the last event's emit number `index`; valid until the next call. */
json_t *emitted(size_t index);
const char *emitted_string(size_t index, const char *member);

/* A new instance in the same directory, with more settings (NULL: the same). */
void restart(const char *more_settings);

/* Answers of commands: the text lives until the next call. */
const char *command(int32_t expected_status, const char *a, const char *b, const char *c, const char *d);

/* The first column of the first row, as a number or as a text. */
int64_t sql(const char *text);
const char *sql_text(const char *text);

/* What a program writes to its standard output; "" when it fails. */
const char *output_of(const char *fmt, ...);

/* pdftotext of a file in the scratch directory, with one blank for each run of blanks. */
const char *text_of(const char *file);
void expect_in(const char *text, const char *part);
void expect_not_in(const char *text, const char *part);

#endif

/* Bad input: each type with each member missing, of a wrong kind, huge, negative or hostile. */
#include "security_fixture.h"

#include "common/catalogue.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(fields, .init = fixture_make, .fini = fixture_end);

static const char *const types[] = {
    "workflow.contractor_assigned", "workflow.work_completed",      "workflow.status_changed",
    "security.contractor_verified", "security.contractor_rejected", "security.access_granted",
    "security.access_revoked",
};

static const char *const values[] = {
    NULL, /* missing */
    "null",
    "true",
    "-1",
    "1.5",
    "9223372036854775807",
    "99999999999999999999",
    "\"x\"",
    "\"\"",
    "[1]",
    "[\"x\"]",
    "{}",
    "\"'; DROP TABLE access; --\"",
    "\"a\\r\\nBcc: x@y\"",
    "\"../../etc/passwd\"",
    "\"{{title}}\"",
    "\"a\\u0000b\"",
    "\"\\u202e\\u0007\\u001b[2J\"",
    "\"\xf0\x9f\x94\xa7\"",
};

static const char *good_value(const struct catalogue_field *field)
{
        if (strcmp(field->name, "verification_type") == 0)
                return "\"identity\"";
        if (strcmp(field->name, "verification_result") == 0)
                return "\"approved\"";
        switch (field->kind) {
        case KIND_ID:
        case KIND_NUMBER:
                return "1";
        case KIND_BOOL:
                return "true";
        case KIND_OBJECT:
                return "{}";
        case KIND_IDS:
                return "[1]";
        case KIND_STRINGS:
                return "[\"паспорт\"]";
        default:
                return "\"completed\"";
        }
}

static void feed_with(const struct catalogue_type *type, const struct catalogue_field *which, const char *value)
{
        struct buf members = {0};

        for (const struct catalogue_field *f = type->fields; f->name != NULL; f++) {
                const char *text = f == which ? value : good_value(f);

                if (text != NULL)
                        buf_printf(&members, "%s\"%s\":%s", members.len ? "," : "", f->name, text);
        }
        feed_aged(type->name, NULL, PAWL_S(3600), members.data);
        buf_free(&members);
}

/* What is emitted looks as the catalogue says. */
static void expect_valid(const struct emit *e)
{
        const struct catalogue_type *type = catalogue_find(e->event_type);
        json_t *event = json_loadb(e->value, e->value_len, JSON_ALLOW_NUL, NULL);

        cr_assert_not_null(type);
        cr_assert_not_null(event, "%.*s", (int)e->value_len, (const char *)e->value);
        for (const struct catalogue_field *f = type->fields; f->name != NULL; f++) {
                const json_t *member = json_object_get(event, f->name);

                cr_assert(!f->required || member != NULL, "%s of %s", f->name, type->name);
                if (member == NULL || (!f->required && json_is_null(member)))
                        continue;
                cr_assert_eq(f->kind == KIND_ID, json_is_integer(member), "%s", f->name);
                cr_assert_eq(f->kind == KIND_STRING, json_is_string(member), "%s", f->name);
                cr_assert_eq(f->kind == KIND_BOOL, json_is_boolean(member), "%s", f->name);
                cr_assert_eq(f->kind == KIND_OBJECT, json_is_object(member), "%s", f->name);
        }
        json_decref(event);
}

static void expect_sound(const struct catalogue_type *type, const struct catalogue_field *field, const char *value)
{
        const char *shown = value != NULL ? value : "(missing)";

        if (value == NULL || strcmp(value, "null") == 0)
                cr_assert_eq(last.result, field->required ? PAWL_REJECT : PAWL_OK, "%s.%s %s: %d %s", type->name,
                             field->name, shown, last.result, last.reason);
        cr_assert(last.result == PAWL_OK || last.result == PAWL_REJECT, "%s.%s %s: %d %s", type->name, field->name,
                  shown, last.result, last.reason);
        if (last.result == PAWL_REJECT)
                cr_assert_not_null(strstr(last.reason, field->name), "%s.%s %s: %s", type->name, field->name, shown,
                                   last.reason);
        for (const struct emit *e = last.emits.first; e != NULL; e = e->next)
                expect_valid(e);
}

Test(fields, a_wrong_member_is_rejected_by_name_and_nothing_that_is_taken_breaks_anything)
{
        verify_all(1);
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
                const struct catalogue_type *type = catalogue_find(pawl_text(types[t]));

                cr_assert_not_null(type);
                for (const struct catalogue_field *f = type->fields; f->name != NULL; f++) {
                        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
                                feed_with(type, f, values[v]);
                                expect_sound(type, f, values[v]);
                        }
                }
        }
        cr_assert_gt(sql("SELECT count(*) FROM access"), 0);
}

Test(fields, a_timestamp_that_is_none_is_as_if_it_were_not_there)
{
        static const char *const times[] = {"\"yesterday\"", "5", "null", "\"\"", "\"1900-01-01\"", "\"a\\u0000\""};

        for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
                cr_assert_eq(feed("security.access_revoked",
                                  "\"contractor_id\":17,\"request_id\":5,\"reason\":\"x\",\"timestamp\":%s", times[i]),
                             PAWL_OK, "%s: %s", times[i], last.reason);
                verify(17, "identity", "approved");
        }
}

Test(fields, what_stands_in_an_event_does_not_steer_a_terminal)
{
        const char *text;

        cr_assert_eq(feed("security.contractor_rejected",
                          "\"contractor_id\":17,\"verification_type\":\"identity\",\"rejected_by\":8,"
                          "\"rejection_reason\":\"a\\u001b[2J\\r\\nb\""),
                     PAWL_OK);
        text = answer(0, "show", "17", NULL);
        cr_assert_not_null(strstr(text, "(a?[2J??b)"), "%s", text);
}

Test(fields, a_reason_of_megabytes_is_recorded_and_not_spread)
{
        size_t size = 8 * 1024 * 1024;
        char *members = malloc(size + 256);
        size_t used =
            (size_t)snprintf(members, 256, "\"contractor_id\":17,\"request_id\":5,\"revoked_by\":8,\"reason\":\"x");

        verify_all(17);
        assign(5, 17);
        for (; used + 2 < size; used += 2)
                memcpy(members + used, "\xd0\xaf", 2);
        memcpy(members + used, "\"", 2);
        cr_assert_eq(feed_aged("security.access_revoked", NULL, 0, members), PAWL_OK, "%s", last.reason);
        free(members);
        cr_assert_eq(last.emits.count, 1);
        cr_assert_lt(last.emits.first->value_len, 2000);
        expect_valid(last.emits.first);
        answer(0, "show", "17", NULL);
}

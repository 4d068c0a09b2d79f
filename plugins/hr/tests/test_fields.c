#include "hr_fixture.h"

#include "common/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(fields, .init = fixture_make, .fini = fixture_end);

static const char *const types[] = {"workflow.work_completed", "security.contractor_verified",
                                    "security.contractor_rejected"};

/* What may stand in any member; NULL leaves it out. */
static const char *const values[] = {
    NULL,
    "null",
    "true",
    "1.5",
    "-1",
    "1e400",
    "99999999999999999999",
    "\"x\"",
    "[1]",
    "{}",
    "{\"works\":1,\"amount\":{}}",
    "\"'; DROP TABLE document; --\"",
    "\"{{number}} {{\"",
    "\"../../../../etc/passwd\"",
    "\"a\\r\\nBcc: b@example.org\"",
    "\"\\u202egnp.exe\\u202c\"",
    "\"\\u0000\"",
};

static const char *good_value(const struct catalogue_field *field)
{
        switch (field->kind) {
        case KIND_ID:
                return "1";
        case KIND_CHOICE:
                return strcmp(field->name, "verification_type") == 0 ? "\"identity\"" : "\"approved\"";
        case KIND_OBJECT:
                return "{\"amount\":5}";
        case KIND_STRINGS:
                return "[\"паспорт\"]";
        default:
                return "\"Ремонт\"";
        }
}

/* The event, with one member's value replaced. A request of its own each time: what one said does not bind the next. */
static void feed_with(const struct catalogue_type *type, const struct catalogue_field *odd, const char *value)
{
        static int number;
        struct buf members = {0};

        buf_printf(&members, "\"event_id\":\"e-%d\"", ++number);
        for (const struct catalogue_field *f = type->fields; f->name != NULL; f++) {
                char id[24];
                const char *text = f == odd ? value : good_value(f);

                snprintf(id, sizeof id, "%d", number);
                if (f != odd && strcmp(f->name, "request_id") == 0)
                        text = id;
                if (text != NULL)
                        buf_printf(&members, ",\"%s\":%s", f->name, text);
        }
        feed(type->name, "1", members.data);
        buf_free(&members);
}

static bool is_nothing(const char *value)
{
        return value == NULL || strcmp(value, "null") == 0;
}

Test(fields, whatever_stands_in_a_member_is_handled_or_rejected_with_the_members_name, .timeout = 60)
{
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
                const struct catalogue_type *type = catalogue_find(pawl_text(types[t]));

                for (const struct catalogue_field *f = type->fields; f->name != NULL; f++) {
                        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
                                const char *value = values[v] != NULL ? values[v] : "(nothing)";

                                feed_with(type, f, values[v]);
                                if (last.malformed || (last.result == PAWL_OK && !f->required))
                                        continue;
                                if (last.result == PAWL_OK)
                                        cr_assert_not(is_nothing(values[v]), "%s: %s", f->name, value);
                                else
                                        cr_assert(last.result == PAWL_REJECT && strstr(last.reason, f->name) != NULL,
                                                  "%s %s: %s gave %d, %s", type->name, f->name, value, last.result,
                                                  last.reason);
                        }
                }
        }
        cr_assert_eq(sql("SELECT count(*) = sum(sha256 IS NOT NULL) FROM document"), 1);
        cr_assert_str_eq(
            output_of(
                "find '%s' -type f | grep -vcE '^[^ ]*/documents/[0-9]{4}/(act|invoice)-[0-9]{4}-[0-9]{6}.pdf$' || true",
                scratch_path("documents")),
            "0\n");
}

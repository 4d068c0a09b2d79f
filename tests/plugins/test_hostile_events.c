/*
 * Every domain, on the test host, gets every type of event with each member missing, null, of each wrong kind, huge, negative, or hostile.
 * Whatever comes: nothing crashes, what does not fit the catalogue is rejected with the member's name, and a good event is handled
 * afterwards as before.
 */
#include "base/buf.h"
#include "common/schema.h"
#include "domains.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values for any member, as JSON; NULL: it is left out. */
static const char *const values[] = {
    NULL,
    "null",
    "true",
    "-1",
    "-9223372036854775808",
    "9223372036854775807",
    "18446744073709551616",
    "1e308",
    "0.1",
    "\"\"",
    "[]",
    "{}",
    "[null]",
    "[[[[[[[[]]]]]]]]",
    "{\"works\":[{\"name\":{},\"quantity\":-1,\"price\":1e400}],\"amount\":\"x\"}",
    "{\"works\":\"x\",\"amount\":-5}",
    "\"'; DROP TABLE request; --\"",
    "\"\\\" OR 1=1\"",
    "\"{{request_id}}{{title}}{{\"",
    "\"<script>alert(1)</script><b>\"",
    "\"x\\r\\nBcc: everybody@example.org\\r\\n\\r\\nbody\"",
    "\"../../../../etc/passwd\"",
    "\"a\\u0000b\"",
    "\"\\u202Eevil\\u2066\\u200b\"",
    "\"%s%n%p%d\"",
    "\"$(reboot)`id`\"",
    "\"\\ud83d\\ude00 Ж \xf0\x9f\xa7\x8a\"",
    "\"=1+1\"",
};

#define VALUES (sizeof values / sizeof values[0])

static char *huge; /* a string of 64 KiB, as JSON */

/* The sample of a type with one member replaced. */
static char *event_with(const struct catalogue_type *type, const char *member, const char *value, unsigned number)
{
        json_t *event = schema_sample(type, true);
        struct buf text = {0};
        char id[64], *rest;

        snprintf(id, sizeof id, "00000000-0000-4000-8000-%012u", number);
        json_object_set_new(event, "event_id", json_string(id));
        json_object_del(event, member);
        rest = json_dumps(event, JSON_COMPACT);
        buf_add_text(&text, rest);
        if (value != NULL) {
                text.len--;
                buf_printf(&text, ",\"%s\":%s}", member, value);
        }
        free(rest);
        json_decref(event);
        return buf_take(&text, NULL);
}

static void feed(struct testhost *h, const struct catalogue_type *type, const char *text,
                 struct testhost_result *result)
{
        char topic[64];

        snprintf(topic, sizeof topic, "%s", catalogue_topic(pawl_text(type->name)));
        testhost_feed(h, &(struct testhost_event){.topic = topic, .key = "4711", .json = text}, result);
}

/* A reject names what is wrong; a good part of the values fits its member, and then anything but a failure is right. */
static void judge(const char *domain, const char *text, const struct testhost_result *r)
{
        bool known =
            r->skipped || r->malformed || r->result == PAWL_OK || r->result == PAWL_WAIT || r->result == PAWL_REJECT;

        cr_expect(known, "%s: %s: result %d (%s)", domain, text, (int)r->result, r->reason);
        if (!r->skipped && r->result == PAWL_REJECT)
                cr_expect(r->reason[0] != '\0', "%s: %s: rejected without a reason", domain, text);
}

static void storm(struct testhost *h, const char *domain, const struct catalogue_type *type, unsigned *number)
{
        for (const struct catalogue_field *field = type->fields; field->name != NULL; field++) {
                for (size_t v = 0; v <= VALUES; v++) {
                        char *text = event_with(type, field->name, v < VALUES ? values[v] : huge, ++*number);
                        struct testhost_result r;

                        feed(h, type, text, &r);
                        judge(domain, text, &r);
                        if (field->required && v <= 1 && !r.skipped && strcmp(domain, "audit") != 0) {
                                cr_expect_eq(r.result, PAWL_REJECT, "%s: %s: result %d", domain, text, (int)r.result);
                                cr_expect_not_null(strstr(r.reason, field->name), "%s: %s: %s", domain, text, r.reason);
                        }
                        testhost_result_clear(&r);
                        free(text);
                }
        }
}

static bool takes(struct testhost *h, const struct catalogue_type *type)
{
        char *text = event_with(type, "no_such_member", NULL, 999999);
        struct testhost_result r;
        bool taken;

        feed(h, type, text, &r);
        taken = !r.skipped;
        judge("a good event", text, &r);
        testhost_result_clear(&r);
        free(text);
        return taken;
}

static void survive(const char *domain)
{
        struct testhost *h = domain_open(domain);
        const struct catalogue_type *type;
        unsigned number = 0;

        huge = malloc(65536);
        cr_assert_not_null(huge);
        memset(huge, 'x', 65535);
        huge[0] = huge[65534] = '"';
        huge[65535] = '\0';
        for (size_t i = 0; (type = catalogue_at(i)) != NULL; i++) {
                if (takes(h, type)) {
                        storm(h, domain, type, &number);
                        cr_expect(takes(h, type), "%s: %s is not taken any more", domain, type->name);
                }
        }
        cr_assert(number > 0, "%s takes no type of the catalogue", domain);
        free(huge);
        testhost_close(&h);
}

Test(hostile_events, audit_survives)
{
        survive("audit");
}

Test(hostile_events, workflow_survives)
{
        survive("workflow");
}

Test(hostile_events, notifications_survives)
{
        survive("notifications");
}

Test(hostile_events, security_survives)
{
        survive("security");
}

Test(hostile_events, hr_survives)
{
        survive("hr");
}

Test(hostile_events, gateway_survives)
{
        survive("gateway");
}

#include "workflow_fixture.h"

#include <pawl/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(fields, .init = fixture_make, .fini = fixture_end);

/* Every type as the catalogue has it, with a good value for each member. `*` marks a required one. */
static const struct {
        const char *event_type;
        const char *topic;
        const char *members[12]; /* "*name", value, … */
} catalogue[] = {
    {"request.created",
     "request-events",
     {"*request_id i", "*customer_id i", "*title s", "*description s", "*urgency s", "*region s", "*city s",
      "*address s", "equipment_type s", "priority s"}},
    {"request.updated",
     "request-events",
     {"*request_id i", "*customer_id i", "*updated_fields o", "*updated_by i", "update_reason s"}},
    {"request.cancelled",
     "request-events",
     {"*request_id i", "*customer_id i", "*cancelled_by i", "*cancellation_reason s"}},
    {"request.clarification_needed",
     "request-events",
     {"*request_id i", "*customer_id i", "*manager_id i", "*question s"}},
    {"workflow.manager_assigned",
     "workflow-events",
     {"*request_id i", "*manager_id i", "*assigned_by i", "assignment_reason s"}},
    {"workflow.sent_to_contractors", "workflow-events", {"*request_id i", "*manager_id i", "*contractor_ids a"}},
    {"workflow.contractor_assigned",
     "workflow-events",
     {"*request_id i", "*contractor_id i", "*manager_id i", "*previous_status s", "assignment_reason s"}},
    {"workflow.work_started", "workflow-events", {"*request_id i", "*contractor_id i"}},
    {"workflow.work_completed",
     "workflow-events",
     {"*request_id i", "*contractor_id i", "*completion_data o", "completion_notes s"}},
    {"workflow.status_changed",
     "workflow-events",
     {"*request_id i", "*previous_status s", "*new_status s", "changed_by i", "reason s"}},
};

/* What each kind is not. */
static const char *const wrong[] = {"null", "true", "1.5", "\"x\"", "[1]", "{}", "99999999999999999999", "[\"x\"]"};

static bool is_right(char kind, bool required, const char *value)
{
        if (strcmp(value, "null") == 0)
                return !required;
        return (kind == 's' && value[0] == '"') || (kind == 'o' && value[0] == '{') ||
               (kind == 'a' && strcmp(value, "[1]") == 0);
}

static const char *good_value(const char *member)
{
        if (strstr(member, "previous_status"))
                return "\"sent_to_contractors\"";
        if (strstr(member, "new_status"))
                return "\"assigned\"";
        switch (member[strlen(member) - 1]) {
        case 'i':
                return "1";
        case 's':
                return "\"Ремонт\"";
        case 'o':
                return "{}";
        default:
                return "[1]";
        }
}

/* The event, with the value of one member replaced; NULL leaves it out. */
static void feed_with(size_t type, size_t which, const char *value)
{
        struct buf json = {0};

        buf_printf(&json, "{\"event_type\":\"%s\"", catalogue[type].event_type);
        for (size_t m = 0; catalogue[type].members[m] != NULL; m++) {
                const char *member = catalogue[type].members[m];
                const char *name = member + (member[0] == '*');
                const char *written = m == which ? value : good_value(member);

                if (written != NULL)
                        buf_printf(&json, ",\"%.*s\":%s", (int)strcspn(name, " "), name, written);
        }
        buf_add_text(&json, "}");
        testhost_result_clear(&last);
        testhost_feed(host, &(struct testhost_event){.topic = catalogue[type].topic, .key = "1", .json = json.data},
                      &last);
        buf_free(&json);
}

static void expect_named(size_t type, const char *member, const char *value)
{
        const char *name = member + (member[0] == '*');
        char expected[128];

        snprintf(expected, sizeof expected, "%.*s: expected ", (int)strcspn(name, " "), name);
        cr_assert_eq(last.result, PAWL_REJECT, "%s, %s = %s: %d", catalogue[type].event_type, member,
                     value ? value : "missing", last.result);
        cr_assert_eq(strncmp(last.reason, expected, strlen(expected)), 0, "%s", last.reason);
        cr_assert_not_null(strstr(last.reason, "found "), "%s", last.reason);
}

Test(fields, a_missing_or_wrong_member_is_rejected_by_its_name)
{
        for (size_t t = 0; t < sizeof catalogue / sizeof catalogue[0]; t++) {
                for (size_t m = 0; catalogue[t].members[m] != NULL; m++) {
                        const char *member = catalogue[t].members[m];
                        bool required = member[0] == '*';

                        feed_with(t, m, NULL);
                        if (required)
                                expect_named(t, member, NULL);
                        else
                                cr_assert_neq(last.reason[0] != '\0' && strstr(last.reason, "expected"), true);
                        for (size_t w = 0; w < sizeof wrong / sizeof wrong[0]; w++) {
                                if (is_right(member[strlen(member) - 1], required, wrong[w]))
                                        continue;
                                feed_with(t, m, wrong[w]);
                                expect_named(t, member, wrong[w]);
                        }
                }
        }
}

Test(fields, negative_ids_are_rejected_and_the_largest_is_kept)
{
        feed_with(7, 0, "-1");
        expect_named(7, "*request_id i", "-1");
        cr_assert_eq(feed_created(INT64_MAX, NULL, "Москва"), PAWL_OK, "%s", last.reason);
        expect_state(INT64_MAX, "new");
}

/* A quote, SQL, a template, a path, a line's end and a mark that turns the direction of what is written. */
#define HOSTILE "'); DELETE FROM request; -- \\\" {{x}} ../../etc\\r\\nX: y\\u202e"

Test(fields, what_looks_like_sql_is_only_text)
{
        cr_assert_eq(feed_created(1, "'; DROP TABLE request; --", "'); DELETE FROM request; --"), PAWL_OK, "%s",
                     last.reason);
        expect_emitted("\"manager_id\":100");
        cr_assert_eq(sql("SELECT count(*) FROM request WHERE region = '''); DELETE FROM request; --'"), 1);
}

static void feed_and_back(const char *event_type, const char *event_id, const char *members)
{
        cr_assert_eq(feed(event_type, 1, event_id, members), PAWL_OK, "%s: %s", event_type, last.reason);
        cr_assert_eq(feed_back(), PAWL_OK, "%s", last.reason);
}

/* Each of them comes to the database, to what is emitted, or to both. */
Test(fields, hostile_texts_change_nothing_but_themselves)
{
        feed_and_back("request.created", HOSTILE "1",
                      "\"customer_id\":5,\"title\":\"" HOSTILE "\",\"description\":\"" HOSTILE
                      "\",\"urgency\":\"" HOSTILE "\",\"region\":\"" HOSTILE "\",\"city\":\"" HOSTILE
                      "\",\"address\":\"" HOSTILE "\",\"equipment_type\":\"" HOSTILE "\",\"priority\":\"" HOSTILE "\"");
        feed_and_back("request.clarification_needed", HOSTILE "2",
                      "\"customer_id\":5,\"manager_id\":3,\"question\":\"" HOSTILE "\"");
        feed_and_back("request.updated", HOSTILE "3",
                      "\"customer_id\":5,\"updated_by\":5,\"update_reason\":\"" HOSTILE
                      "\",\"updated_fields\":{\"title\":\"" HOSTILE "\",\"urgency\":\"" HOSTILE "\",\"" HOSTILE
                      "\":1}");
        feed_and_back("request.cancelled", HOSTILE "4",
                      "\"customer_id\":5,\"cancelled_by\":5,\"cancellation_reason\":\"" HOSTILE "\"");
        expect_state(1, "cancelled");
        cr_assert_eq(sql("SELECT count(*) FROM request"), 1);
        cr_assert_eq(sql("SELECT count(*) FROM history"), 8);
        cr_assert_null(strstr(shown(1), "\r"));
        COMMAND(0, "list", "--state", "cancelled");
        COMMAND(2, "list", "--state", "'; DROP TABLE request; --");
        expect_state(1, "cancelled");
}

/* An event may be as large as the host takes them; what is emitted for it has an envelope of its own. */
Test(fields, of_a_huge_text_a_part_is_told_on)
{
        size_t size = 10 * 1024 * 1024 - 1000;
        char *members = malloc(size + 100);
        size_t used = (size_t)sprintf(members, "\"customer_id\":5,\"manager_id\":3,\"question\":\"?");

        while (used < size)
                used += (size_t)sprintf(members + used, "ж");
        strcpy(members + used, "\"");
        lead_to(1, "manager_review");
        cr_assert_eq(feed("request.clarification_needed", 1, NULL, members), PAWL_OK, "%s", last.reason);
        cr_assert_lt(last.emits.first->value_len, 2000);
        expect_state(1, "clarification");
        free(members);
}

/* What the host makes a dead letter of, because it cannot be read in full, has done nothing. */
Test(fields, an_update_that_no_tree_holds_changes_nothing)
{
        lead_to(1, "clarification");
        cr_assert_eq(
            feed(
                "request.updated", 1, "u-1",
                "\"customer_id\":5,\"updated_by\":5,\"updated_fields\":{\"title\":\"t\"},\"metadata\":{\"a\":1,\"a\":2}"),
            PAWL_REJECT);
        cr_assert_not_null(strstr(last.reason, "repeated"), "%s", last.reason);
        cr_assert_eq(sql("SELECT count(*) FROM history WHERE source = 'u-1'"), 0);
        expect_state(1, "clarification");
}

Test(fields, metadata_that_is_not_understood_is_nobodys)
{
        lead_to(1, "new");
        cr_assert_eq(feed("workflow.manager_assigned", 1, NULL,
                          "\"manager_id\":300,\"assigned_by\":9,\"metadata\":{\"a\":1,\"a\":\"\\u0000\"}"),
                     PAWL_OK, "%s", last.reason);
        expect_state(1, "manager_review");
}

#define STATES                                                                                                         \
        "new or manager_review or clarification or sent_to_contractors or contractor_responses or assigned or "        \
        "in_progress or completed or cancelled"

Test(fields, a_state_that_does_not_exist_is_rejected_with_those_that_do)
{
        lead_to(1, "sent_to_contractors");
        feed("workflow.status_changed", 1, NULL, "\"previous_status\":\"lost\",\"new_status\":\"assigned\"");
        cr_assert_str_eq(last.reason, "previous_status: expected " STATES ", found string \"lost\"");
        feed("workflow.contractor_assigned", 1, NULL,
             "\"contractor_id\":1,\"manager_id\":3,\"previous_status\":\"new\",\"new_status\":\"lost\"");
        cr_assert_str_eq(last.reason, "new_status: expected " STATES ", found string \"lost\"");
        feed("workflow.contractor_assigned", 1, NULL,
             "\"contractor_id\":1,\"manager_id\":3,\"previous_status\":\"new\",\"new_status\":\"completed\"");
        cr_assert_str_eq(last.reason, "new_status: expected \"assigned\", found string \"completed\"");
        expect_state(1, "sent_to_contractors");
}

Test(fields, unknown_types_are_skipped_and_broken_ones_are_dead_letters)
{
        testhost_feed(host,
                      &(struct testhost_event){.topic = "request-events", .json = "{\"event_type\":\"request.x\"}"},
                      &last);
        cr_assert(last.skipped);
        testhost_result_clear(&last);
        testhost_feed(host,
                      &(struct testhost_event){.topic = "request-events",
                                               .json = "{\"event_type\":\"request.created\",\"request_id\":1,"},
                      &last);
        cr_assert(last.malformed);
        cr_assert_eq(last.result, PAWL_REJECT);
}

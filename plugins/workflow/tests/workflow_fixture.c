#include "workflow_fixture.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct testhost *host;
struct testhost_result last;
static struct buf answer;

int64_t feed_time;

int64_t now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_REALTIME, &t);
        return PAWL_S(t.tv_sec) + t.tv_nsec;
}

static char *settings_text(const char *more)
{
        char *text = NULL;

        cr_assert_geq(asprintf(&text, "%s%s", FIXTURE_SETTINGS, more), 0);
        return text;
}

struct testhost *fixture_beside(const char *more)
{
        char *dir = strdup(scratch_path(".")), *settings = settings_text(more);
        struct pawl_error err;
        struct testhost *h = testhost_open(
            &(struct testhost_options){.so = WORKFLOW_SO, .settings = settings, .name = "workflow", .dir = dir}, &err);

        cr_assert_not_null(h, "%s", err.text);
        free(settings);
        free(dir);
        return h;
}

void fixture_make(void)
{
        scratch_make();
        feed_time = 0;
        host = fixture_beside("");
}

void fixture_settings(const char *more)
{
        char *settings = settings_text(more);
        struct pawl_error err;

        cr_assert(testhost_restart(host, NULL, settings, &err), "%s", err.text);
        free(settings);
}

void fixture_end(void)
{
        testhost_result_clear(&last);
        testhost_close(&host);
        buf_free(&answer);
        scratch_remove();
}

pawl_result feed(const char *event_type, int64_t request_id, const char *event_id, const char *members)
{
        struct buf json = {0};
        bool request = strncmp(event_type, "request.", 8) == 0;
        char key[24];

        snprintf(key, sizeof key, "%" PRId64, request_id);
        buf_printf(&json, "{\"event_type\":\"%s\",\"request_id\":%" PRId64, event_type, request_id);
        if (event_id != NULL)
                buf_printf(&json, ",\"event_id\":\"%s\"", event_id);
        buf_printf(&json, "%s%s}", members[0] ? "," : "", members);
        testhost_result_clear(&last);
        testhost_feed(host,
                      &(struct testhost_event){.topic = request ? "request-events" : "workflow-events",
                                               .key = key,
                                               .json = json.data,
                                               .timestamp = feed_time},
                      &last);
        buf_free(&json);
        return last.result;
}

pawl_result feed_created(int64_t request_id, const char *event_id, const char *region)
{
        char members[1024];

        snprintf(members, sizeof members,
                 "\"customer_id\":5,\"title\":\"Ремонт холодильника\",\"description\":\"Не морозит\","
                 "\"urgency\":\"срочно\",\"region\":\"%s\",\"city\":\"Химки\",\"address\":\"ул. Ленина, 1\"",
                 region);
        return feed("request.created", request_id, event_id, members);
}

pawl_result feed_back(void)
{
        const struct emit *e = last.emits.first;
        struct testhost_result result;
        char *json, *key;

        cr_assert_eq(last.emits.count, 1);
        json = strndup(e->value, e->value_len);
        key = strndup(e->key, e->key_len);
        testhost_feed(host,
                      &(struct testhost_event){.topic = e->topic, .key = key, .json = json, .timestamp = feed_time},
                      &result);
        free(json);
        free(key);
        testhost_result_clear(&last);
        last = result;
        return last.result;
}

struct testhost_result take_last(void)
{
        struct testhost_result taken = last;

        memset(&last, 0, sizeof last);
        return taken;
}

pawl_result feed_taken(struct testhost_result *taken)
{
        testhost_result_clear(&last);
        last = *taken;
        memset(taken, 0, sizeof *taken);
        return feed_back();
}

static const struct {
        const char *state;
        const char *event_type;
        const char *members;
        const char *after; /* the state that it is led through */
} steps[] = {
    {"manager_review", "workflow.manager_assigned", "\"manager_id\":300,\"assigned_by\":9", "new"},
    {"clarification", "request.clarification_needed",
     "\"customer_id\":5,\"manager_id\":300,\"question\":\"Какая модель?\"", "manager_review"},
    {"sent_to_contractors", "workflow.sent_to_contractors", "\"manager_id\":300,\"contractor_ids\":[1,2]",
     "manager_review"},
    {"contractor_responses", "workflow.status_changed",
     "\"previous_status\":\"sent_to_contractors\",\"new_status\":\"contractor_responses\"", "sent_to_contractors"},
    {"assigned", "workflow.contractor_assigned",
     "\"contractor_id\":1,\"manager_id\":300,\"previous_status\":\"sent_to_contractors\"", "sent_to_contractors"},
    {"in_progress", "workflow.work_started", "\"contractor_id\":1", "assigned"},
    {"completed", "workflow.work_completed", "\"contractor_id\":1,\"completion_data\":{}", "in_progress"},
    {"cancelled", "request.cancelled", "\"customer_id\":5,\"cancelled_by\":5,\"cancellation_reason\":\"Починил сам\"",
     "new"},
};

void lead_to(int64_t request_id, const char *state)
{
        if (strcmp(state, "unknown") == 0)
                return;
        if (strcmp(state, "new") == 0) {
                cr_assert_eq(feed_created(request_id, NULL, "Москва"), PAWL_OK, "%s", last.reason);
                return;
        }
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
                if (strcmp(steps[i].state, state) != 0)
                        continue;
                lead_to(request_id, steps[i].after);
                cr_assert_eq(feed(steps[i].event_type, request_id, NULL, steps[i].members), PAWL_OK, "%s", last.reason);
                return;
        }
        cr_assert_fail("no way to %s", state);
}

const char *command(int32_t status, const char *const *argv)
{
        size_t argc = 0;

        while (argv[argc] != NULL)
                argc++;
        buf_clear(&answer);
        cr_assert_eq(testhost_command(host, argv, argc, &answer), status, "%s", answer.data);
        return answer.data;
}

const char *shown(int64_t request_id)
{
        char number[24];

        snprintf(number, sizeof number, "%" PRId64, request_id);
        buf_clear(&answer);
        testhost_command(host, (const char *const[]){"show", number}, 2, &answer);
        return answer.data;
}

void expect_state(int64_t request_id, const char *state)
{
        char expected[64];

        snprintf(expected, sizeof expected, "request %" PRId64 ": %s\n", request_id, state);
        cr_assert_not_null(strstr(shown(request_id), expected), "expected %s, found %s", expected, answer.data);
}

int64_t sql(const char *text)
{
        sqlite3_stmt *stmt = NULL;
        sqlite3 *db;
        int64_t number = -1;
        int status;

        cr_assert_eq(sqlite3_open(scratch_path("workflow.db"), &db), SQLITE_OK);
        sqlite3_busy_timeout(db, 10000);
        cr_assert_eq(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK, "%s: %s", text, sqlite3_errmsg(db));
        status = sqlite3_step(stmt);
        cr_assert(status == SQLITE_ROW || status == SQLITE_DONE, "%s: %s", text, sqlite3_errmsg(db));
        if (status == SQLITE_ROW)
                number = sqlite3_column_int64(stmt, 0);
        sqlite3_finalize(stmt);
        sqlite3_close(db);
        return number;
}

void expect_emitted(const char *member)
{
        char *value;

        cr_assert_eq(last.emits.count, 1);
        value = strndup(last.emits.first->value, last.emits.first->value_len);
        cr_assert_not_null(strstr(value, member), "expected %s in %s", member, value);
        free(value);
}

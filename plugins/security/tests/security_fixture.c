#include "security_fixture.h"

#include <inttypes.h>
#include <pawl/plugin.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct testhost *host;
struct testhost_result last;
static struct buf reply, bodies;
static unsigned next_id;

struct testhost *fixture_beside(unsigned instance)
{
        struct pawl_error err;
        struct testhost *h = testhost_open(&(struct testhost_options){.so = SECURITY_SO,
                                                                      .settings = FIXTURE_SETTINGS,
                                                                      .name = "security",
                                                                      .dir = scratch_path("."),
                                                                      .instance = instance},
                                           &err);

        cr_assert_not_null(h, "%s", err.text);
        return h;
}

void fixture_make(void)
{
        scratch_make();
        host = fixture_beside(0);
}

void fixture_end(void)
{
        testhost_result_clear(&last);
        testhost_close(&host);
        buf_free(&reply);
        buf_free(&bodies);
        scratch_remove();
}

void fixture_restart(const char *settings)
{
        struct pawl_error err;

        cr_assert(testhost_restart(host, NULL, settings, &err), "%s", err.text);
}

/* ---- Events ---- */

static int64_t wall(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return PAWL_S(now.tv_sec) + now.tv_nsec;
}

static const char *topic_of(const char *event_type)
{
        return strncmp(event_type, "security.", 9) == 0 ? "security-events" : "workflow-events";
}

pawl_result feed_aged(const char *event_type, const char *event_id, int64_t age, const char *members)
{
        struct buf json = {0};
        char id[40];

        snprintf(id, sizeof id, "00000000-0000-4000-8000-%012u", ++next_id);
        buf_printf(&json, "{\"event_type\":\"%s\",\"event_id\":\"%s\",\"correlation_id\":\"c-1\"%s%s}", event_type,
                   event_id != NULL ? event_id : id, members[0] ? "," : "", members);
        testhost_result_clear(&last);
        testhost_feed(host,
                      &(struct testhost_event){
                          .topic = topic_of(event_type), .key = "1", .json = json.data, .timestamp = wall() - age},
                      &last);
        buf_free(&json);
        return last.result;
}

pawl_result feed(const char *event_type, const char *fmt, ...)
{
        char members[4096];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(members, sizeof members, fmt, ap);
        va_end(ap);
        return feed_aged(event_type, NULL, PAWL_S(3600), members);
}

void verify(int64_t contractor_id, const char *type, const char *result)
{
        cr_assert_eq(feed("security.contractor_verified",
                          "\"contractor_id\":%" PRId64 ",\"verification_type\":\"%s\",\"verification_result\":\"%s\","
                          "\"verified_by\":7,\"verification_notes\":\"Паспорт проверен\","
                          "\"documents_verified\":[\"паспорт\"]",
                          contractor_id, type, result),
                     PAWL_OK, "%s", last.reason);
}

void verify_all(int64_t contractor_id)
{
        verify(contractor_id, "identity", "approved");
        verify(contractor_id, "documents", "approved");
        verify(contractor_id, "background_check", "approved");
}

void reject(int64_t contractor_id, const char *type)
{
        cr_assert_eq(feed("security.contractor_rejected",
                          "\"contractor_id\":%" PRId64 ",\"verification_type\":\"%s\",\"rejected_by\":8,"
                          "\"rejection_reason\":\"Документ поддельный\"",
                          contractor_id, type),
                     PAWL_OK, "%s", last.reason);
}

void assign(int64_t request_id, int64_t contractor_id)
{
        cr_assert_eq(feed("workflow.contractor_assigned",
                          "\"request_id\":%" PRId64 ",\"contractor_id\":%" PRId64
                          ",\"manager_id\":101,\"previous_status\":\"sent_to_contractors\"",
                          request_id, contractor_id),
                     PAWL_OK, "%s", last.reason);
}

/* ---- What comes of them ---- */

static bool is_type(const struct emit *e, const char *event_type)
{
        return e->event_type.len == strlen(event_type) && memcmp(e->event_type.ptr, event_type, e->event_type.len) == 0;
}

unsigned emitted(const char *event_type)
{
        unsigned count = 0;

        for (const struct emit *e = last.emits.first; e != NULL; e = e->next)
                count += is_type(e, event_type);
        return count;
}

void expect_emitted(const char *event_type, const char *text)
{
        struct buf seen = {0};
        bool found = false;

        for (const struct emit *e = last.emits.first; e != NULL; e = e->next) {
                char *value = strndup(e->value, e->value_len);

                found |= is_type(e, event_type) && strstr(value, text) != NULL;
                buf_printf(&seen, "%s\n", value);
                free(value);
        }
        cr_assert(found, "expected %s with %s, found\n%s", event_type, text, seen.len ? seen.data : "nothing");
        buf_free(&seen);
}

void feed_back(void)
{
        struct testhost_result before = last;

        memset(&last, 0, sizeof last);
        for (const struct emit *e = before.emits.first; e != NULL; e = e->next) {
                char *json = strndup(e->value, e->value_len);
                char *key = strndup(e->key, e->key_len);

                testhost_result_clear(&last);
                if (strcmp(e->topic, "security-events") == 0) {
                        testhost_feed(host, &(struct testhost_event){.topic = e->topic, .key = key, .json = json},
                                      &last);
                        cr_assert_eq(last.result, PAWL_OK, "%s: %s", json, last.reason);
                        cr_assert_eq(last.emits.count, 0, "%s", json);
                }
                free(json);
                free(key);
        }
        testhost_result_clear(&last);
        last = before;
}

const char *published(struct testhost *h, unsigned count)
{
        int64_t deadline = wall() + PAWL_S(20);
        struct publish *p;
        unsigned seen = 0;

        buf_clear(&bodies);
        while (seen < count && wall() < deadline) {
                testhost_tick(h);
                while ((p = testhost_published(h, PAWL_MS(10))) != NULL) {
                        const struct emit *e = testhost_message(p);

                        buf_printf(&bodies, "%.*s %.*s\n", (int)e->event_type.len, e->event_type.ptr, (int)e->value_len,
                                   (const char *)e->value);
                        testhost_answer(h, p, 0);
                        seen++;
                }
        }
        testhost_tick(h);
        testhost_tick(h);
        cr_assert_null(testhost_published(h, 0));
        cr_assert_eq(seen, count, "expected %u publications, found %u:\n%s", count, seen,
                     bodies.len ? bodies.data : "");
        return bodies.len ? bodies.data : "";
}

/* ---- The database ---- */

int64_t sql(const char *text)
{
        sqlite3_stmt *stmt = NULL;
        sqlite3 *db;
        int64_t number = -1;

        cr_assert_eq(sqlite3_open(scratch_path("security.db"), &db), SQLITE_OK);
        sqlite3_busy_timeout(db, 5000);
        cr_assert_eq(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK, "%s: %s", text, sqlite3_errmsg(db));
        if (sqlite3_step(stmt) == SQLITE_ROW)
                number = sqlite3_column_int64(stmt, 0);
        sqlite3_finalize(stmt);
        sqlite3_close(db);
        return number;
}

void let_expire(int64_t contractor_id, const char *type)
{
        char text[256];

        snprintf(text, sizeof text,
                 "UPDATE verification SET expires_at = 1000000000 WHERE contractor_id = %" PRId64 " AND type = '%s'",
                 contractor_id, type);
        sql(text);
}

int64_t running(void)
{
        return sql("SELECT count(*) FROM access WHERE revoked_at IS NULL");
}

/* ---- Commands ---- */

const char *answer(int32_t status, const char *command, ...)
{
        const char *argv[16] = {command};
        uint32_t argc = 1;
        int32_t found;
        va_list ap;

        va_start(ap, command);
        while ((argv[argc] = va_arg(ap, const char *)) != NULL)
                argc++;
        va_end(ap);
        buf_clear(&reply);
        found = testhost_command(host, argv, argc, &reply);
        cr_assert_eq(found, status, "%d: %s", found, reply.len ? reply.data : "");
        return reply.len ? reply.data : "";
}

void expect_standing(int64_t contractor_id, const char *standing)
{
        char number[24], expected[64];

        snprintf(number, sizeof number, "%" PRId64, contractor_id);
        snprintf(expected, sizeof expected, "contractor %s: %s\n", number, standing);
        cr_assert_not_null(strstr(answer(0, "show", number, NULL), expected), "expected %s, found %s", expected,
                           reply.data);
}

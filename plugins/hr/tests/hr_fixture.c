#include "hr_fixture.h"

#include "common/event_text.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct testhost *host;
struct testhost_result last;
static struct buf answer;
static json_t *body;
static char output[200000];
static char dir[128];

void fixture_make(void)
{
        struct pawl_error err;

        scratch_make();
        snprintf(dir, sizeof dir, "%s", scratch_path("."));
        dir[strlen(dir) - 2] = '\0';
        host = testhost_open(
            &(struct testhost_options){.so = HR_SO, .settings = FIXTURE_SETTINGS, .name = "hr", .dir = dir}, &err);
        cr_assert_not_null(host, "%s", err.text);
}

void fixture_end(void)
{
        testhost_result_clear(&last);
        testhost_close(&host);
        buf_free(&answer);
        json_decref(body);
        scratch_remove();
}

void expect_in_catalogue(const struct emit *e)
{
        struct event_text_options options = {.uuid = event_text_uuid, .event_id = e->event_id};
        struct event_text event;
        json_t *faults = json_array();
        bool fits = event_text_make(&event, e->value, e->value_len, &options, faults);
        char *text = json_dumps(faults, 0);

        cr_assert(fits, "%.*s: %s", (int)e->value_len, (const char *)e->value, text);
        cr_assert_str_eq(event.topic, e->topic);
        cr_assert_eq(strlen(event.key), e->key_len);
        cr_assert_arr_eq(event.key, e->key, e->key_len);
        free(text);
        json_decref(faults);
        event_text_clear(&event);
}

pawl_result feed(const char *event_type, const char *key, const char *members)
{
        struct buf json = {0};
        bool security = strncmp(event_type, "security.", 9) == 0;

        buf_printf(&json, "{\"event_type\":\"%s\",\"correlation_id\":\"c-1\",%s}", event_type, members);
        testhost_result_clear(&last);
        testhost_feed(host,
                      &(struct testhost_event){.topic = security ? "security-events" : "workflow-events",
                                               .key = key,
                                               .json = json.data},
                      &last);
        buf_free(&json);
        for (const struct emit *e = last.emits.first; e != NULL; e = e->next)
                expect_in_catalogue(e);
        return last.result;
}

static const char *id_member(char out[64], const char *event_id)
{
        out[0] = '\0';
        if (event_id != NULL)
                snprintf(out, 64, "\"event_id\":\"%s\",", event_id);
        return out;
}

pawl_result feed_completed(int64_t request_id, const char *event_id, const char *completion)
{
        struct buf members = {0};
        char key[24], id[64];
        pawl_result result;

        snprintf(key, sizeof key, "%" PRId64, request_id);
        buf_printf(&members,
                   "%s\"timestamp\":\"2026-11-22T22:30:00Z\",\"request_id\":%" PRId64
                   ",\"contractor_id\":55,\"completion_data\":{%s}",
                   id_member(id, event_id), request_id, completion);
        result = feed("workflow.work_completed", key, members.data);
        buf_free(&members);
        return result;
}

pawl_result feed_verified(int64_t contractor_id, const char *event_id, const char *type, const char *result)
{
        char members[512], key[24], id[64];

        snprintf(key, sizeof key, "%" PRId64, contractor_id);
        snprintf(members, sizeof members,
                 "%s\"timestamp\":\"2026-11-22T10:00:00Z\",\"contractor_id\":%" PRId64
                 ",\"verification_type\":\"%s\",\"verification_result\":\"%s\",\"verified_by\":3",
                 id_member(id, event_id), contractor_id, type, result);
        return feed("security.contractor_verified", key, members);
}

json_t *emitted(size_t index)
{
        const struct emit *e = last.emits.first;

        cr_assert_lt(index, last.emits.count);
        while (index-- > 0)
                e = e->next;
        json_decref(body);
        body = json_loadb(e->value, e->value_len, 0, NULL);
        cr_assert_not_null(body);
        return body;
}

const char *emitted_string(size_t index, const char *member)
{
        const char *text = json_string_value(json_object_get(emitted(index), member));

        cr_assert_not_null(text, "%s", member);
        return text;
}

void restart(const char *more_settings)
{
        char settings[4096];
        struct pawl_error err;

        snprintf(settings, sizeof settings, "%s%s", FIXTURE_SETTINGS, more_settings != NULL ? more_settings : "");
        cr_assert(testhost_restart(host, NULL, settings, &err), "%s", err.text);
}

const char *command(int32_t expected_status, const char *a, const char *b, const char *c, const char *d)
{
        const char *argv[] = {a, b, c, d};
        uint32_t argc = 0;
        int32_t status;

        while (argc < 4 && argv[argc] != NULL)
                argc++;
        buf_clear(&answer);
        status = testhost_command(host, argv, argc, &answer);
        cr_assert_eq(status, expected_status, "%d: %s", status, answer.data);
        return answer.data;
}

static const char *sql_value(const char *text, int64_t *number)
{
        static char value[4096];
        sqlite3_stmt *stmt = NULL;
        sqlite3 *db;

        value[0] = '\0';
        *number = -1;
        cr_assert_eq(sqlite3_open(scratch_path("hr.db"), &db), SQLITE_OK);
        cr_assert_eq(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK, "%s: %s", text, sqlite3_errmsg(db));
        if (sqlite3_step(stmt) == SQLITE_ROW) {
                const unsigned char *found = sqlite3_column_text(stmt, 0);

                *number = sqlite3_column_int64(stmt, 0);
                snprintf(value, sizeof value, "%s", found != NULL ? (const char *)found : "");
        }
        sqlite3_finalize(stmt);
        sqlite3_close(db);
        return value;
}

int64_t sql(const char *text)
{
        int64_t number;

        sql_value(text, &number);
        return number;
}

const char *sql_text(const char *text)
{
        int64_t number;

        return sql_value(text, &number);
}

const char *output_of(const char *fmt, ...)
{
        char line[1024];
        size_t len;
        va_list ap;
        FILE *pipe;

        va_start(ap, fmt);
        vsnprintf(line, sizeof line, fmt, ap);
        va_end(ap);
        pipe = popen(line, "re");
        cr_assert_not_null(pipe);
        len = fread(output, 1, sizeof output - 1, pipe);
        output[len] = '\0';
        cr_assert_eq(pclose(pipe), 0, "%s", line);
        return output;
}

const char *text_of(const char *file)
{
        char *out = output;

        output_of("pdftotext -layout -enc UTF-8 '%s/%s' -", dir, file);
        for (const char *in = output; *in != '\0'; in++) {
                bool blank = *in == ' ' || strncmp(in, "\u00a0", 2) == 0;

                in += blank && *in != ' ';
                if (!blank)
                        *out++ = *in;
                else if (out > output && out[-1] != ' ')
                        *out++ = ' ';
        }
        *out = '\0';
        return output;
}

void expect_in(const char *text, const char *part)
{
        cr_assert_not_null(strstr(text, part), "expected %s in:\n%s", part, text);
}

void expect_not_in(const char *text, const char *part)
{
        cr_assert_null(strstr(text, part), "expected no %s in:\n%s", part, text);
}

#include "sending.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char folder[64];
struct testhost *host;
static int events;

void sending_begin(void)
{
        char state[96];

        snprintf(folder, sizeof folder, "/tmp/sending-XXXXXX");
        cr_assert(mkdtemp(folder));
        snprintf(state, sizeof state, "%s/state", folder);
        cr_assert(mkdir(state, 0700) == 0);
        events = 0;
}

void sending_end(void)
{
        char line[128];

        testhost_close(&host);
        snprintf(line, sizeof line, "rm -rf '%s'", folder);
        cr_assert(system(line) == 0);
}

void peer_start(struct peer *peer, const char *program, const char *const *arguments)
{
        const char *argv[16] = {program};
        int in[2], out[2], n = 1;
        char line[64] = "", number[16];

        snprintf(number, sizeof number, "%d", peer->port);
        while (arguments[n - 1] != NULL) {
                argv[n] = arguments[n - 1];
                n++;
        }
        argv[n] = "--port";
        argv[n + 1] = number;
        cr_assert(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
        peer->pid = fork();
        if (peer->pid == 0) {
                dup2(in[0], 0);
                dup2(out[1], 1);
                execv(program, (char *const *)argv);
                _exit(127);
        }
        close(in[0]);
        close(out[1]);
        peer->input = in[1];
        peer->output = fdopen(out[0], "r");
        cr_assert(peer->output && fgets(line, sizeof line, peer->output) && sscanf(line, "port=%d", &peer->port) == 1,
                  "%s: %s", program, line);
}

void peer_stop(struct peer *peer)
{
        int status;

        if (peer->pid <= 0)
                return;
        close(peer->input);
        fclose(peer->output);
        kill(peer->pid, SIGTERM);
        waitpid(peer->pid, &status, 0);
        peer->pid = 0;
}

static void start_python(struct peer *peer, const char *script, const char *name)
{
        char path[96];

        snprintf(path, sizeof path, "%s/%s", folder, name);
        peer_start(peer, script, (const char *const[]){path, NULL});
}

void smtp_start(struct peer *peer)
{
        start_python(peer, PEERS "/smtp.py", "mail");
}

void http_start(struct peer *peer)
{
        start_python(peer, PEERS "/http_peer.py", "http");
}

void host_open(const char *settings, ...)
{
        char text[2048], dir[96];
        struct pawl_error err;
        va_list ap;

        va_start(ap, settings);
        vsnprintf(text, sizeof text, settings, ap);
        va_end(ap);
        snprintf(dir, sizeof dir, "%s/state", folder);
        host = testhost_open(
            &(struct testhost_options){.so = SENDER_SO, .name = "notifications", .dir = dir, .settings = text}, &err);
        cr_assert(host, "%s", err.text);
}

void deliver(const char *members, ...)
{
        char text[16384], json[16640];
        struct testhost_result r;
        va_list ap;

        va_start(ap, members);
        vsnprintf(text, sizeof text, members, ap);
        va_end(ap);
        snprintf(json, sizeof json, "{\"event_type\":\"test.deliver\",\"event_id\":\"e-%d\",%s}", ++events, text);
        testhost_feed(host, &(struct testhost_event){.topic = "test", .key = "1", .json = json}, &r);
        cr_assert_eq(r.result, PAWL_OK, "%s", r.reason);
        testhost_result_clear(&r);
}

json_t *published(const char *type)
{
        struct publish *p = testhost_published(host, PATIENCE);
        const struct emit *m;
        json_t *body;

        cr_assert(p, "no %s within its time: %s", type, testhost_health(host));
        m = testhost_message(p);
        body = json_loadb((const char *)m->value, m->value_len, 0, NULL);
        cr_assert_str_eq(text_in(body, "event_type"), type, "%.*s", (int)m->value_len, (const char *)m->value);
        testhost_answer(host, p, 0);
        return body;
}

const char *text_in(const json_t *body, const char *name)
{
        const char *text = json_string_value(json_object_get(body, name));

        return text ? text : "";
}

/* Reads the records; counts those with the status, and keeps the last one in *last (may be NULL). */
static int read_records(const char *name, int status, json_t **last)
{
        char path[96], line[32768];
        FILE *file;
        int count = 0;

        snprintf(path, sizeof path, "%s/http/%s.jsonl", folder, name);
        file = fopen(path, "r");
        while (file != NULL && fgets(line, sizeof line, file)) {
                json_t *record = json_loads(line, 0, NULL);

                if (record == NULL)
                        continue; /* it is being written */
                if (status == 0 || json_integer_value(json_object_get(record, "status")) == status)
                        count++;
                if (last != NULL) {
                        json_decref(*last);
                        *last = json_incref(record);
                }
                json_decref(record);
        }
        if (file != NULL)
                fclose(file);
        return count;
}

int recorded(const char *name, int status)
{
        return read_records(name, status, NULL);
}

json_t *last_recorded(const char *name)
{
        json_t *last = NULL;

        read_records(name, 0, &last);
        cr_assert(last, "nothing was recorded in %s.jsonl", name);
        return last;
}

int mails(void)
{
        char pattern[96];
        glob_t found;
        int count;

        snprintf(pattern, sizeof pattern, "%s/mail/*.eml", folder);
        count = glob(pattern, 0, NULL, &found) == 0 ? (int)found.gl_pathc : 0;
        if (count > 0)
                globfree(&found);
        return count;
}

char *newest_mail(void)
{
        char path[96], *text = calloc(1, 65536);
        FILE *file;

        snprintf(path, sizeof path, "%s/mail/%04d.eml", folder, mails());
        file = fopen(path, "r");
        cr_assert(file);
        cr_assert(fread(text, 1, 65535, file) > 0);
        fclose(file);
        return text;
}

int64_t test_clock(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return PAWL_S(t.tv_sec) + t.tv_nsec;
}

void breathe(void)
{
        nanosleep(&(struct timespec){0, 5000000}, NULL);
}

const char *command(const char *name, const char *argument, int *status)
{
        static char text[16384];
        struct buf reply = {0};
        const char *argv[] = {name, argument, NULL};
        int32_t code = testhost_command(host, argv, argument ? 2 : 1, &reply);

        if (status != NULL)
                *status = code;
        snprintf(text, sizeof text, "%.*s", (int)reply.len, (const char *)reply.data);
        buf_free(&reply);
        return text;
}

int64_t in_database(const char *query)
{
        char path[96];
        sqlite3 *db;
        sqlite3_stmt *stmt;
        int64_t number;

        snprintf(path, sizeof path, "%s/state/notifications.db", folder);
        cr_assert(sqlite3_open(path, &db) == SQLITE_OK);
        sqlite3_busy_timeout(db, 10000);
        cr_assert(sqlite3_prepare_v2(db, query, -1, &stmt, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
        number = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : -1;
        sqlite3_finalize(stmt);
        sqlite3_close(db);
        return number;
}

/*
 * The plugin whole, on the tests' host, against an SMTP server that misbehaves on demand (tests/peers/smtp.py): what is durable
 * is delivered, what is refused is given up at once, and a mail server that is away holds up no event.
 */
#include "testhost.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <jansson.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE PAWL_S(20)

static char folder[64];
static pid_t peer;
static int peer_input;
static int port;
static struct testhost *host;

/* Starts the peer on `port`, or on a free one when that is 0. */
static void start_peer(void)
{
        int in[2], out[2];
        char mails[96], number[16], line[64] = "";
        FILE *output;

        cr_assert(pipe(in) == 0 && pipe(out) == 0);
        snprintf(mails, sizeof mails, "%s/mail", folder);
        snprintf(number, sizeof number, "%d", port);
        peer = fork();
        if (peer == 0) {
                dup2(in[0], 0);
                dup2(out[1], 1);
                close(in[1]);
                close(out[0]);
                execl("/usr/bin/python3", "python3", SMTP_PEER, mails, "--port", number, (char *)NULL);
                _exit(127);
        }
        close(in[0]);
        close(out[1]);
        peer_input = in[1];
        output = fdopen(out[0], "r");
        cr_assert(output && fgets(line, sizeof line, output) && sscanf(line, "port=%d", &port) == 1, "%s", line);
        fclose(output);
}

static void stop_peer(void)
{
        int status;

        if (peer <= 0)
                return;
        close(peer_input);
        kill(peer, SIGTERM);
        waitpid(peer, &status, 0);
        peer = 0;
}

static void write_people(void)
{
        char path[96];
        FILE *file;

        snprintf(path, sizeof path, "%s/people.csv", folder);
        file = fopen(path, "w");
        cr_assert(file);
        fputs("id,role,name,email,language\n"
              "1,customer,Анна,anna@example.org,ru\n2,customer,R,refuse@example.org,ru\n"
              "3,customer,L,later@example.org,en\n4,customer,D,drop@example.org,en\n5,customer,F,full@example.org,en\n"
              "7,manager,Пётр,petr@example.org,ru\n",
              file);
        cr_assert(fclose(file) == 0);
}

static void open_host(void)
{
        static char settings[2048];
        struct pawl_error err;

        snprintf(settings, sizeof settings,
                 "smtp = { url = \"smtp://127.0.0.1:%d\"; from = \"robot@example.org\";"
                 "retry_min = \"20ms\"; retry_max = \"50ms\"; };"
                 "recipients = \"%s/people.csv\"; templates = \"%s\";"
                 "regions = ( { region = \"Тверь\"; email = \"tver@example.org\"; } ); deadline = \"1h\";"
                 "rules = ( { event = \"request.created\"; to = \"customer\"; template = \"request_confirmation\";"
                 " channels = [ \"email\" ]; }, { event = \"workflow.manager_assigned\"; to = \"manager\";"
                 " template = \"manager_assignment\"; channels = [ \"email\" ]; } );",
                 port, folder, TEMPLATES);
        host = testhost_open(
            &(struct testhost_options){.so = NOTIFICATIONS_SO, .name = "notifications", .settings = settings}, &err);
        cr_assert(host, "%s", err.text);
}

static void set_up(void)
{
        snprintf(folder, sizeof folder, "/tmp/deliveries-XXXXXX");
        cr_assert(mkdtemp(folder));
        port = 0;
        start_peer();
        write_people();
        open_host();
}

static void tear_down(void)
{
        char command[128];

        testhost_close(&host);
        stop_peer();
        snprintf(command, sizeof command, "rm -rf '%s'", folder);
        cr_assert(system(command) == 0);
}

TestSuite(deliveries, .init = set_up, .fini = tear_down, .timeout = 60);

static pawl_result feed(const char *topic, const char *json)
{
        struct testhost_result r;
        pawl_result result;

        testhost_feed(host, &(struct testhost_event){.topic = topic, .key = "1", .json = json}, &r);
        result = r.result;
        testhost_result_clear(&r);
        return result;
}

static pawl_result feed_created(int request, int customer)
{
        char json[512];

        snprintf(
            json, sizeof json,
            "{\"event_type\":\"request.created\",\"event_id\":\"e-%d\",\"correlation_id\":\"c-%d\",\"request_id\":%d,"
            "\"customer_id\":%d,\"title\":\"Ремонт\",\"description\":\"E5\",\"urgency\":\"high\",\"region\":\"Тверь\",\"city\":\"Тверь\","
            "\"address\":\"ул. 1\"}",
            request, request, request, customer);
        return feed("request-events", json);
}

/* The next publication: checks its type, answers it, and returns its body, to be released. */
static json_t *published(const char *type, char id[64])
{
        struct publish *p = testhost_published(host, PATIENCE);
        const struct emit *m;
        json_t *body;

        cr_assert(p, "expected %s, nothing came; health: %s", type, testhost_health(host));
        m = testhost_message(p);
        body = json_loadb((const char *)m->value, m->value_len, 0, NULL);
        cr_assert(body);
        cr_assert_str_eq(json_string_value(json_object_get(body, "event_type")), type);
        if (id != NULL)
                snprintf(id, 64, "%s", json_string_value(json_object_get(body, "event_id")));
        testhost_answer(host, p, 0);
        return body;
}

static size_t mails(void)
{
        char pattern[96];
        glob_t found = {0};
        size_t n;

        snprintf(pattern, sizeof pattern, "%s/mail/*.eml", folder);
        glob(pattern, 0, NULL, &found);
        n = found.gl_pathc;
        globfree(&found);
        return n;
}

Test(deliveries, confirmation_is_sent_once_and_told_with_a_derived_id)
{
        char id[64];
        json_t *body;

        cr_assert_eq(feed_created(11, 1), PAWL_OK);
        body = published("notification.email.sent", id);
        cr_assert_str_eq(json_string_value(json_object_get(body, "recipient_email")), "anna@example.org");
        cr_assert_str_eq(json_string_value(json_object_get(body, "message_type")), "request_confirmation");
        cr_assert_str_eq(json_string_value(json_object_get(body, "correlation_id")), "c-11");
        cr_assert_eq(json_integer_value(json_object_get(body, "request_id")), 11);
        cr_assert_eq(id[14], '5');
        json_decref(body);
        cr_assert_eq(feed_created(11, 1), PAWL_OK);
        cr_assert_null(testhost_published(host, PAWL_MS(300)));
        cr_assert_eq(mails(), 1);
}

Test(deliveries, manager_is_told_what_the_request_is_about)
{
        cr_assert_eq(feed_created(12, 1), PAWL_OK);
        json_decref(published("notification.email.sent", NULL));
        cr_assert_eq(feed("workflow-events", "{\"event_type\":\"workflow.manager_assigned\",\"event_id\":\"a\","
                                             "\"request_id\":12,\"manager_id\":7,\"assigned_by\":1}"),
                     PAWL_OK);
        json_t *body = published("notification.email.sent", NULL);
        cr_assert_str_eq(json_string_value(json_object_get(body, "recipient_email")), "petr@example.org");
        cr_assert(strstr(json_string_value(json_object_get(body, "subject")), "Ремонт"));
        json_decref(body);
}

Test(deliveries, manager_without_an_address_is_reached_by_his_region)
{
        cr_assert_eq(feed_created(13, 1), PAWL_OK);
        json_decref(published("notification.email.sent", NULL));
        feed("workflow-events", "{\"event_type\":\"workflow.manager_assigned\",\"event_id\":\"b\",\"request_id\":13,"
                                "\"manager_id\":99,\"assigned_by\":1}");
        json_t *body = published("notification.email.sent", NULL);
        cr_assert_str_eq(json_string_value(json_object_get(body, "recipient_email")), "tver@example.org");
        json_decref(body);
}

Test(deliveries, assignment_before_its_request_waits)
{
        cr_assert_eq(feed("workflow-events", "{\"event_type\":\"workflow.manager_assigned\",\"event_id\":\"c\","
                                             "\"request_id\":14,\"manager_id\":7,\"assigned_by\":1}"),
                     PAWL_WAIT);
}

Test(deliveries, refusal_of_the_message_is_final_at_once)
{
        cr_assert_eq(feed_created(15, 2), PAWL_OK);
        json_t *body = published("notification.failed", NULL);
        cr_assert_eq(json_integer_value(json_object_get(body, "attempts")), 1);
        cr_assert_str_eq(json_string_value(json_object_get(body, "channel")), "email");
        cr_assert(strstr(json_string_value(json_object_get(body, "error_message")), "550"));
        json_decref(body);
        cr_assert_eq(feed_created(16, 5), PAWL_OK);
        json_decref(published("notification.failed", NULL));
        cr_assert_eq(mails(), 0);
}

Test(deliveries, person_without_an_address_is_a_failure_not_a_stall)
{
        cr_assert_eq(feed_created(17, 404), PAWL_OK);
        json_t *body = published("notification.failed", NULL);
        cr_assert(strstr(json_string_value(json_object_get(body, "error_message")), "customer 404"));
        json_decref(body);
}

Test(deliveries, temporary_refusal_and_broken_connection_are_tried_again)
{
        cr_assert_eq(feed_created(18, 3), PAWL_OK);
        json_decref(published("notification.email.sent", NULL));
        cr_assert_eq(feed_created(19, 4), PAWL_OK);
        json_decref(published("notification.email.sent", NULL));
        cr_assert_eq(mails(), 2);
        cr_assert_geq(testhost_metric(host, "delivery_attempts"), 4);
}

Test(deliveries, mail_server_away_holds_up_no_event_and_all_go_out_when_it_is_back)
{
        stop_peer();
        for (int i = 0; i < 20; i++)
                cr_assert_eq(feed_created(100 + i, 1), PAWL_OK);
        cr_assert_null(testhost_published(host, PAWL_MS(500)));
        cr_assert(strstr(testhost_health(host), "mail server"), "%s", testhost_health(host));
        start_peer();
        for (int i = 0; i < 20; i++)
                json_decref(published("notification.email.sent", NULL));
        cr_assert_eq(mails(), 20);
}

Test(deliveries, what_was_queued_before_a_restart_is_sent_after_it)
{
        struct pawl_error err;

        stop_peer();
        cr_assert_eq(feed_created(30, 1), PAWL_OK);
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        start_peer();
        json_decref(published("notification.email.sent", NULL));
        cr_assert_eq(mails(), 1);
}

Test(deliveries, notification_that_was_not_acknowledged_is_published_again_with_the_same_id)
{
        struct publish *p;
        const struct emit *m;
        char id[64];
        struct pawl_error err;

        cr_assert_eq(feed_created(31, 1), PAWL_OK);
        p = testhost_published(host, PATIENCE);
        cr_assert(p);
        m = testhost_message(p);
        json_t *first = json_loadb((const char *)m->value, m->value_len, 0, NULL);
        testhost_answer(host, p, PAWL_E_CANCELLED);
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        json_decref(published("notification.email.sent", id));
        cr_assert_str_eq(json_string_value(json_object_get(first, "event_id")), id);
        json_decref(first);
        cr_assert_eq(mails(), 1);
}

Test(deliveries, locked_database_is_an_outage_not_a_dead_letter)
{
        char path[256];
        sqlite3 *db;

        cr_assert_eq(feed_created(40, 1), PAWL_OK);
        json_decref(published("notification.email.sent", NULL));
        snprintf(path, sizeof path, "%s/notifications.db", testhost_dir(host));
        cr_assert(sqlite3_open(path, &db) == SQLITE_OK);
        sqlite3_busy_timeout(db, 10000);
        cr_assert(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK);
        cr_assert_eq(feed_created(41, 1), PAWL_UNAVAILABLE);
        cr_assert(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK);
        sqlite3_close(db);
        cr_assert_eq(feed_created(41, 1), PAWL_OK);
        json_decref(published("notification.email.sent", NULL));
}

Test(deliveries, members_missing_or_of_a_wrong_type_are_named)
{
        struct testhost_result r;
        static const char *const events[][2] = {
            {"{\"event_type\":\"request.created\",\"customer_id\":1}", "request_id: expected an integer"},
            {"{\"event_type\":\"request.created\",\"request_id\":\"x\",\"customer_id\":1}",
             "request_id: expected an integer"},
            {"{\"event_type\":\"request.created\",\"request_id\":1}", "customer_id: expected an integer"},
            {"{\"event_type\":\"workflow.manager_assigned\",\"request_id\":1,\"manager_id\":null}",
             "manager_id: expected an integer"},
        };

        for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
                testhost_feed(host, &(struct testhost_event){.topic = "request-events", .json = events[i][1 - 1]}, &r);
                cr_assert_eq(r.result, PAWL_REJECT);
                cr_assert(strstr(r.reason, events[i][1]), "%s", r.reason);
                testhost_result_clear(&r);
        }
}

#include "kit.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char folder[64];
static char *settings;
static char reason[1024]; /* of the event last fed */
struct testhost *host;

/* Where nobody listens, so that what is queued stays so. */
#define CHANNELS                                                                                                       \
        "telegram = { token = \"t\"; base_url = \"http://127.0.0.1:9\"; }; sms = { url = \"http://127.0.0.1:9\"; };"

#define PEOPLE                                                                                                             \
        "id,role,name,email,telegram_chat_id,telegram_username,phone,language,channels,quiet_from,quiet_to,time_zone,"     \
        "region,unsubscribed\n"                                                                                            \
        "1,customer,Анна,anna@example.org,,,+79160000001,ru,,,,,,no\n"                                                 \
        "2,customer,John,john@example.org,200,,,en,telegram email,,,,,no\n"                                                \
        "3,customer,Night,night@example.org,,,+79160000003,ru,,00:00,23:59,UTC,,no\n"                                      \
        "4,customer,Nowhere,,,,,ru,,,,,,no\n"                                                                              \
        "7,manager,Пётр,petr@example.org,700,@petr_ivanov,+79160000007,ru,sms email,00:00,23:59,UTC,Москва,no\n" \
        "8,manager,Mary,mary@example.org,,,,en,,,,,Тверь,yes\n"                                                       \
        "9,contractor,Сергей,sergey@example.org,900,sergey_k,+79160000009,ru,email telegram,,,,,no\n"

void put(const char *name, const char *content)
{
        char path[128];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", folder, name);
        file = fopen(path, "w");
        cr_assert(file && fputs(content, file) >= 0 && fclose(file) == 0);
}

/* The rules of the configuration as it is installed. */
static char *kit_shipped_rules(void)
{
        static char text[16384];
        FILE *file = fopen(NOTIFICATIONS "/notifications.conf", "r");
        char *begin, *end;

        cr_assert(file);
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
        begin = strstr(text, "\n  rules = (");
        end = begin ? strstr(begin, "\n  );") : NULL;
        cr_assert(end);
        end[5] = '\0';
        return begin;
}

char *settings_with(const char *rules, const char *more)
{
        free(settings);
        cr_assert(asprintf(&settings,
                           "smtp = { url = \"smtp://127.0.0.1:9\"; from = \"robot@example.org\"; };"
                           "%s"
                           "recipients = \"%s/people.csv\"; templates = \"" NOTIFICATIONS
                           "/templates\"; deadline = \"1h\";"
                           "regions = ( { region = \"Тверь\"; email = \"tver@example.org\"; },"
                           " { region = \"Тверь\"; telegram = \"-100500\"; } ); %s %s",
                           CHANNELS, folder, rules, more) > 0);
        return settings;
}

void open_with(const char *rules, const char *more)
{
        struct pawl_error err;

        testhost_close(&host);
        host = testhost_open(&(struct testhost_options){.so = NOTIFICATIONS_SO,
                                                        .name = "notifications",
                                                        .settings = settings_with(rules, more)},
                             &err);
        cr_assert(host, "%s", err.text);
}

void kit_set_up(void)
{
        snprintf(folder, sizeof folder, "/tmp/routing-XXXXXX");
        cr_assert(mkdtemp(folder));
        put("people.csv", PEOPLE);
        open_with(kit_shipped_rules(), "");
}

void kit_tear_down(void)
{
        char command[128];

        testhost_close(&host);
        free(settings);
        settings = NULL;
        snprintf(command, sizeof command, "rm -rf '%s'", folder);
        cr_assert(system(command) == 0);
}

pawl_result feed_at(const char *type, const char *members, int64_t timestamp)
{
        static int number;
        char json[4096];
        struct testhost_result r;
        pawl_result result;

        snprintf(json, sizeof json, "{\"event_type\":\"%s\",\"event_id\":\"e-%d\",%s}", type, ++number, members);
        testhost_feed(
            host, &(struct testhost_event){.topic = "request-events", .key = "1", .json = json, .timestamp = timestamp},
            &r);
        result = r.result;
        snprintf(reason, sizeof reason, "%s", r.reason);
        testhost_result_clear(&r);
        return result;
}

void feed(const char *type, const char *members)
{
        cr_assert_eq(feed_at(type, members, 0), PAWL_OK, "%s %s: %s", type, members, reason);
}

void create_request(int customer)
{
        char members[512];

        snprintf(members, sizeof members,
                 "\"request_id\":5,\"customer_id\":%d,\"title\":\"Ремонт холодильника\",\"description\":\"E5\","
                 "\"urgency\":\"critical\",\"region\":\"Тверь\",\"city\":\"Тверь\",\"address\":\"ул. 1\"",
                 customer);
        feed("request.created", members);
}

/* The rows of the database, one a line: what `query` selects, with | between the columns. */
const char *rows(const char *query)
{
        static char text[16384];
        char path[256];
        size_t used = 0;
        sqlite3 *db;
        sqlite3_stmt *s;

        text[0] = '\0';
        snprintf(path, sizeof path, "%s/notifications.db", testhost_dir(host));
        cr_assert(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
        sqlite3_busy_timeout(db, 10000);
        cr_assert(sqlite3_prepare_v2(db, query, -1, &s, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
        while (sqlite3_step(s) == SQLITE_ROW) {
                for (int i = 0; i < sqlite3_column_count(s); i++) {
                        const char *value = (const char *)sqlite3_column_text(s, i);

                        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? "|" : "",
                                                 value ? value : "-");
                }
                used += (size_t)snprintf(text + used, sizeof text - used, "\n");
        }
        sqlite3_finalize(s);
        sqlite3_close(db);
        return text;
}

/* The text of the only delivery of a message. */
const char *text_of(const char *message)
{
        char query[256];

        snprintf(query, sizeof query, "SELECT subject || '/' || text FROM deliveries WHERE message_type = '%s'",
                 message);
        return rows(query);
}

void forget(void)
{
        char path[256];
        sqlite3 *db;

        snprintf(path, sizeof path, "%s/notifications.db", testhost_dir(host));
        cr_assert(sqlite3_open(path, &db) == SQLITE_OK);
        sqlite3_busy_timeout(db, 10000);
        cr_assert(sqlite3_exec(db, "DELETE FROM deliveries", NULL, NULL, NULL) == SQLITE_OK);
        sqlite3_close(db);
}

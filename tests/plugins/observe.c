/*
 * observe PLUGIN [--smtp PORT] [--http PORT] [--tokens FILE] --until TYPE,TYPE,…: gives a domain's plugin every type of event of the catalogue and what
 * else makes it speak, and prints "consumes TYPE" for each that it takes and "emits TYPE" for each that comes from it, until all that are named
 * have come, or 20 seconds are over. Used by coverage.py.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "domains.h"
#include "story.h"

#include <getopt.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE PAWL_S(20)
#define PEOPLE   64 /* stories whose contractors the directory knows */

static struct testhost *host;
static unsigned events;
static struct story story = {.events = &events};
static char *seen[64];
static size_t seen_count;
static char document_id[128]; /* of the last invoice */

static bool has_come(const char *type)
{
        for (size_t i = 0; i < seen_count; i++) {
                if (strcmp(seen[i], type) == 0)
                        return true;
        }
        return false;
}

static void note(const struct emit *message)
{
        char what[1024];
        json_t *event;
        char *type;

        if (*story_judge(message, what, sizeof what) != '\0') {
                fprintf(stderr, "%s\n", what);
                exit(1);
        }
        event = json_loadb(message->value, message->value_len, 0, NULL);
        type = memory_string(json_string_value(json_object_get(event, "event_type")));
        if (strcmp(type, "hr.document_created") == 0 &&
            strcmp(json_string_value(json_object_get(event, "document_type")), "invoice") == 0)
                snprintf(document_id, sizeof document_id, "%s",
                         json_string_value(json_object_get(event, "document_id")));
        json_decref(event);
        if (has_come(type) || seen_count == sizeof seen / sizeof seen[0]) {
                free(type);
        } else {
                seen[seen_count++] = type;
                printf("emits %s\n", type);
        }
}

static void take_published(int64_t timeout)
{
        struct publish *p;

        while ((p = testhost_published(host, timeout)) != NULL) {
                note(testhost_message(p));
                testhost_answer(host, p, 0);
                timeout = 0;
        }
}

/* Feeds it, and notes what comes of it. */
static void feed(const struct testhost_event *event, struct testhost_result *r)
{
        testhost_feed(host, event, r);
        for (const struct emit *e = r->emits.first; e != NULL; e = e->next)
                note(e);
        take_published(0);
}

/* The type, at the end of a story of its own. */
static void tell(const char *type, bool print)
{
        struct testhost_result r;
        char *json;

        story.number++;
        if (!story_before(&story, host, type, &r)) {
                fprintf(stderr, "before %s: %s\n", type, r.reason);
                exit(1);
        }
        json = story_event(&story, type, NULL, NULL);
        feed(&(struct testhost_event){.topic = catalogue_topic(pawl_text(type)), .json = json}, &r);
        if (!r.skipped && r.result != PAWL_OK) {
                fprintf(stderr, "%s: %s\n", type, r.reason);
                exit(1);
        }
        if (!r.skipped && print)
                printf("consumes %s\n", type);
        testhost_result_clear(&r);
        free(json);
}

static void command(const char *const *argv)
{
        struct buf reply = {0};
        uint32_t argc = 0;

        while (argv[argc] != NULL)
                argc++;
        if (testhost_command(host, argv, argc, &reply) != 0) {
                fprintf(stderr, "%s: %s\n", argv[0], reply.data);
                exit(1);
        }
        buf_free(&reply);
}

/* ---- What makes each of them speak, besides the events of the stories ---- */

/* Another message at the position of one that is stored. */
static void speak_audit(void)
{
        static const char *const bodies[] = {
            "{\"event_type\":\"audit.system_event\",\"component\":\"a\",\"action\":\"b\"}",
            "{\"event_type\":\"audit.system_event\",\"component\":\"a\",\"action\":\"c\"}"};
        struct testhost_result r;

        for (size_t i = 0; i < 2; i++) {
                feed(&(struct testhost_event){.topic = "audit-events", .offset = 1000000, .json = bodies[i]}, &r);
                testhost_result_clear(&r);
        }
}

/* A request that has had no manager's answer for a day. */
static void speak_workflow(void)
{
        const struct testhost_event event = {.topic = "request-events", .timestamp = clock_wall() - 86400 * CLOCK_S};
        static const char *const types[] = {"request.created", "workflow.manager_assigned"};
        struct testhost_result r;

        story.number++;
        for (size_t i = 0; i < 2; i++) {
                struct testhost_event late = event;
                char *json = story_event(&story, types[i], NULL, NULL);

                late.json = json;
                feed(&late, &r);
                testhost_result_clear(&r);
                free(json);
        }
}

static void speak_hr(void)
{
        tell("workflow.work_completed", false);
        command((const char *const[]){"sign", document_id, "--by", "5", NULL});
        command((const char *const[]){"pay", document_id, NULL});
}

/* People with addresses for each channel. Who was written to before is known to nobody. */
static void know_people(void)
{
        char *path = memory_printf("%s/people.csv", testhost_dir(host));
        FILE *file = fopen(path, "we");

        if (file == NULL) {
                perror(path);
                exit(1);
        }
        fputs("id,role,name,email,telegram_chat_id,telegram_username,phone,language,channels\n"
              "101,customer,Анна,anna@example.org,,,,ru,email\n"
              "7,manager,Пётр,,,,+79990000007,ru,sms\n",
              file);
        for (unsigned i = 0; i < PEOPLE; i++)
                fprintf(file, "%u,contractor,Сергей,,501501,sergey,,ru,telegram\n", story_contractor(&story) + i);
        fclose(file);
        command((const char *const[]){"recipients", "import", path, NULL});
        free(path);
}

static void speak_notifications(void)
{
        tell("workflow.contractor_assigned", false);
        know_people();
        tell("workflow.manager_assigned", false);
        tell("workflow.contractor_assigned", false);
}

static const struct {
        const char *plugin;
        void (*speak)(void);
} speakers[] = {
    {"audit", speak_audit},
    {"workflow", speak_workflow},
    {"hr", speak_hr},
    {"notifications", speak_notifications},
};

/* ---- The whole ---- */

static bool all_have_come(const char *until)
{
        char *types = memory_string(until), *rest = types, *type;
        bool all = true;

        while ((type = strsep(&rest, ",")) != NULL)
                all = all && (*type == '\0' || has_come(type));
        free(types);
        return all;
}

static void observe(const char *plugin, const char *until)
{
        const struct catalogue_type *type;
        int64_t end;

        for (size_t i = 0; (type = catalogue_at(i)) != NULL; i++)
                tell(type->name, true);
        for (size_t i = 0; i < sizeof speakers / sizeof speakers[0]; i++) {
                if (strcmp(speakers[i].plugin, plugin) == 0)
                        speakers[i].speak();
        }
        fflush(stdout);
        for (end = clock_now() + PATIENCE; !all_have_come(until) && clock_now() < end;) {
                testhost_tick(host);
                take_published(PAWL_MS(20));
        }
}

int main(int argc, char **argv)
{
        static const struct option options[] = {{"smtp", required_argument, NULL, 's'},
                                                {"http", required_argument, NULL, 'h'},
                                                {"tokens", required_argument, NULL, 't'},
                                                {"until", required_argument, NULL, 'u'},
                                                {NULL, 0, NULL, 0}};
        struct domain_peers peers = {.smtp_port = NULL};
        const char *until = "";
        uint16_t port;
        int option;

        while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
                switch (option) {
                case 's':
                        peers.smtp_port = optarg;
                        break;
                case 'h':
                        peers.http_port = optarg;
                        break;
                case 't':
                        peers.tokens = optarg;
                        break;
                case 'u':
                        until = optarg;
                        break;
                default:
                        return 2;
                }
        }
        if (argc - optind != 1)
                return 2;
        host = domain_open(argv[optind], &peers, &port);
        printf("port=%u\n", port);
        fflush(stdout);
        observe(argv[optind], until);
        testhost_close(&host);
        while (seen_count > 0)
                free(seen[--seen_count]);
        return 0;
}

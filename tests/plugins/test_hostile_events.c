/*
 * test_hostile_events PLUGIN: the plugin, on the test host, gets every type of event that it takes with each member missing, null, of each wrong kind,
 * huge, negative, or hostile, where the story of the request has come to that event. Whatever comes: nothing crashes, what does not fit the
 * catalogue is rejected with the member's name, what is emitted fits it, and a good event is handled afterwards as before.
 */
#include "domains.h"
#include "hostile_values.h"
#include "story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Members of the envelope that a handler could rely on. */
static const char *const envelope[] = {"event_id", "timestamp", "version", "source", "correlation_id", "metadata"};

/* Who does not look at an event's members: audit stores whatever comes, notifications passes over types that no rule of its sample names. */
static const struct {
        const char *plugin;
        const char *types; /* their beginning */
} indifferent[] = {
    {"audit", ""},
    {"notifications", "security."},
    {"notifications", "hr.document_"},
    {"notifications", "hr.contract_"},
};

static struct {
        const char *plugin;
        struct testhost *host;
        struct story story;
        unsigned events; /* made so far */
        unsigned judged;
        unsigned failures;
} test;

static void fail(const char *json, const char *what, const char *detail)
{
        if (++test.failures <= 20)
                printf("%s: %.600s\n    %s %.800s\n", test.plugin, json, what, detail);
}

static void judge_message(const struct emit *message, const char *json)
{
        char what[1024];

        if (*story_judge(message, what, sizeof what) != '\0')
                fail(json, "emitted", what);
}

/* What the plugin publishes by itself is acknowledged. */
static void judge_published(const char *json)
{
        struct publish *p;

        while ((p = testhost_published(test.host, 0)) != NULL) {
                judge_message(testhost_message(p), json);
                testhost_answer(test.host, p, 0);
        }
}

static void judge(const char *json, const struct testhost_result *r, const char *must_name)
{
        test.judged++;
        if (r->result != PAWL_OK && r->result != PAWL_WAIT && r->result != PAWL_REJECT)
                fail(json, "expected to be handled, to wait or to be rejected, found another result:", r->reason);
        if (r->result == PAWL_REJECT && r->reason[0] == '\0')
                fail(json, "rejected", "without a reason");
        if (must_name != NULL && (r->result != PAWL_REJECT || strstr(r->reason, must_name) == NULL))
                fail(json, "expected a reject that names the member, found", r->reason);
        for (const struct emit *e = r->emits.first; e != NULL; e = e->next)
                judge_message(e, json);
        judge_published(json);
}

static bool looks_at(const char *type)
{
        for (size_t i = 0; i < sizeof indifferent / sizeof indifferent[0]; i++) {
                if (strcmp(indifferent[i].plugin, test.plugin) == 0 &&
                    strncmp(indifferent[i].types, type, strlen(indifferent[i].types)) == 0)
                        return false;
        }
        return true;
}

/* A new request and contractor, come to where an event of this type belongs. */
static void begin(const char *type)
{
        struct testhost_result r;

        test.story.number++;
        if (!looks_at(type) || story_before(&test.story, test.host, type, &r))
                return;
        fail(type, "what comes before it was not handled:", r.reason);
        testhost_result_clear(&r);
}

static void storm(const char *type, const char *member, bool of_envelope)
{
        for (size_t v = 0; v < hostile_value_count; v++) {
                char *json = story_event(&test.story, type, member, hostile_value(v));
                bool named = !of_envelope && looks_at(type) && story_faulty(json, member);
                struct testhost_result r;

                story_feed(&test.story, test.host, type, json, &r);
                judge(json, &r, named && !r.malformed ? member : NULL);
                if (r.result != PAWL_REJECT)
                        begin(type);
                testhost_result_clear(&r);
                free(json);
        }
}

/* Whether the plugin takes events of that type; if it does, a good one must be handled. */
static bool takes(const char *type)
{
        struct testhost_result r;
        bool taken;
        char *json;

        begin(type);
        json = story_event(&test.story, type, NULL, NULL);
        story_feed(&test.story, test.host, type, json, &r);
        taken = !r.skipped;
        if (taken) {
                judge(json, &r, NULL);
                if (r.result != PAWL_OK)
                        fail(json, "expected a good event to be handled, found", r.reason);
        }
        testhost_result_clear(&r);
        free(json);
        return taken;
}

static void survive(const struct catalogue_type *type)
{
        begin(type->name);
        for (const struct catalogue_field *field = type->fields; field->name != NULL; field++)
                storm(type->name, field->name, false);
        for (size_t i = 0; i < sizeof envelope / sizeof envelope[0]; i++)
                storm(type->name, envelope[i], true);
        if (!takes(type->name))
                fail(type->name, "is not taken any more", "");
}

int main(int argc, char **argv)
{
        const struct catalogue_type *type;

        if (argc != 2)
                return 2;
        test.plugin = argv[1];
        test.story.events = &test.events;
        test.host = domain_open(argv[1], NULL, NULL);
        for (size_t i = 0; (type = catalogue_at(i)) != NULL; i++) {
                if (takes(type->name))
                        survive(type);
        }
        testhost_tick(test.host);
        judge_published("by a tick");
        testhost_close(&test.host);
        printf("%s: %u events judged, %u failures\n", test.plugin, test.judged, test.failures);
        return test.judged > 0 && test.failures == 0 ? 0 : 1;
}

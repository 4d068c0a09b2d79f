/* The outbox on a host that keeps what is published and answers when the test says so. */
#include "common/outbox.h"
#include "common/tests/scratch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SENT_MAX 4000

static const char *const migrations[] = {OUTBOX_SCHEMA};

enum { COUNT, OUTBOX, STATEMENTS = OUTBOX + OUTBOX_STATEMENT_COUNT };

static const char *const statements[] = {
    [COUNT] = "SELECT count(*), count(refused) FROM outbox",
    OUTBOX_STATEMENTS,
};

static const struct db_design design = {migrations, 1, statements, STATEMENTS};

/* What was published, in order. */
static struct {
        pawl_published_fn *done;
        void *arg;
        char event_id[40];
        char body[64];
} sent[SENT_MAX];
static size_t sent_count, room;

static int32_t host_publish(struct pawl_instance *instance, const struct pawl_message *message, pawl_published_fn *done,
                            void *arg)
{
        (void)instance;
        if (room == 0)
                return PAWL_E_FULL;
        room--;
        cr_assert_lt(sent_count, SENT_MAX);
        cr_assert_str_eq(message->topic.ptr, "audit-events");
        cr_assert_str_eq(message->event_type.ptr, "audit.system_event");
        sent[sent_count].done = done;
        sent[sent_count].arg = arg;
        snprintf(sent[sent_count].event_id, sizeof sent->event_id, "%s", message->event_id.ptr);
        snprintf(sent[sent_count].body, sizeof sent->body, "%s", message->body.ptr);
        sent_count++;
        return 0;
}

static void host_log(struct pawl_instance *instance, struct pawl_ctx *ctx, uint32_t level, const char *fmt, va_list ap)
{
        (void)instance, (void)ctx, (void)level, (void)fmt, (void)ap;
}

static const struct pawl_host host = {.size = sizeof host, .publish = host_publish, .log = host_log};
static struct pawl_instance instance = {&host};

static struct db *db;

static void begin(void)
{
        char error[512];

        scratch_make();
        sent_count = 0;
        room = SENT_MAX;
        db = db_open(scratch_path("t.db"), DB_WRITE, &design, error, sizeof error, NULL);
        cr_assert_not_null(db, "%s", error);
}

static void end(void)
{
        db_close(&db);
        scratch_remove();
}

static void add(int number)
{
        char id[40], body[40];
        struct outbox_event event;

        snprintf(id, sizeof id, "id-%d", number);
        snprintf(body, sizeof body, "{\"n\":%d}", number);
        event = (struct outbox_event){.topic = pawl_text("audit-events"),
                                      .event_type = pawl_text("audit.system_event"),
                                      .key = pawl_text("7"),
                                      .body = pawl_text(body),
                                      .event_id = pawl_text(id)};
        cr_assert(db_begin(db));
        cr_assert(outbox_add(db, OUTBOX, &event), "%s", db_error(db));
        cr_assert(db_commit(db));
}

static void waiting(int64_t rows, int64_t refused)
{
        cr_assert(db_query(db, COUNT, DB_NO_VALUES));
        cr_assert_eq(db_next(db, COUNT), 1);
        cr_expect_eq(db_column_int(db, COUNT, 0), rows);
        cr_expect_eq(db_column_int(db, COUNT, 1), refused);
        db_end(db, COUNT);
}

static void answer(size_t from, size_t to, int32_t status)
{
        for (size_t i = from; i < to; i++)
                sent[i].done(NULL, sent[i].arg, status);
}

static struct outbox *must_new(void)
{
        struct outbox *o = outbox_new(&instance, scratch_path("t.db"), &design, OUTBOX);

        cr_assert_not_null(o);
        return o;
}

TestSuite(outbox, .init = begin, .fini = end);

Test(outbox, publishes_in_order_and_removes_what_is_acknowledged)
{
        struct outbox *o = must_new();

        for (int i = 0; i < 3; i++)
                add(i);
        outbox_tick(o);
        outbox_tick(o);
        cr_assert_eq(sent_count, 3, "each once, however many ticks");
        cr_expect_str_eq(sent[0].body, "{\"n\":0}");
        cr_expect_str_eq(sent[2].event_id, "id-2");
        waiting(3, 0);
        answer(0, 2, 0);
        outbox_tick(o);
        waiting(1, 0);
        outbox_free(&o);
        cr_expect_null(o);
}

Test(outbox, adds_an_event_once)
{
        add(1);
        add(1);
        waiting(1, 0);
}

Test(outbox, publishes_again_with_the_same_id_what_nobody_acknowledged)
{
        struct outbox *o = must_new();

        add(1);
        outbox_tick(o);
        answer(0, 1, PAWL_E_CANCELLED);
        outbox_free(&o);
        waiting(1, 0);
        o = must_new();
        outbox_tick(o);
        cr_assert_eq(sent_count, 2);
        cr_expect_str_eq(sent[1].event_id, "id-1");
        answer(1, 2, 0);
        outbox_free(&o);
        waiting(0, 0);
}

Test(outbox, goes_on_where_the_host_had_no_room)
{
        struct outbox *o = must_new();

        add(1);
        add(2);
        room = 1;
        outbox_tick(o);
        cr_assert_eq(sent_count, 1);
        room = 1;
        outbox_tick(o);
        cr_assert_eq(sent_count, 2);
        cr_expect_str_eq(sent[1].event_id, "id-2");
        outbox_free(&o);
}

Test(outbox, has_a_bounded_number_out_and_publishes_all)
{
        struct outbox *o = must_new();
        size_t done = 0;

        for (int i = 0; i < 1500; i++)
                add(i);
        outbox_tick(o);
        cr_expect_eq(sent_count, 1000);
        while (done < sent_count) {
                answer(done, sent_count, 0);
                done = sent_count;
                outbox_tick(o);
        }
        cr_expect_eq(sent_count, 1500);
        waiting(0, 0);
        outbox_free(&o);
}

Test(outbox, keeps_what_is_refused_and_goes_on_behind_it)
{
        struct outbox *o = must_new();

        add(1);
        add(2);
        outbox_tick(o);
        answer(0, 1, PAWL_E_REFUSED);
        answer(1, 2, 0);
        outbox_tick(o);
        waiting(1, 1);
        outbox_free(&o);
        o = must_new();
        outbox_tick(o);
        cr_expect_eq(sent_count, 2, "what is refused is not published again");
        outbox_free(&o);
}

Test(outbox, of_two_instances_one_publishes_and_the_other_takes_over)
{
        struct outbox *first = must_new(), *second = must_new();

        add(1);
        outbox_tick(first);
        outbox_tick(second);
        cr_expect_eq(sent_count, 1);
        answer(0, 1, 0);
        outbox_free(&first);
        add(2);
        outbox_tick(second);
        cr_expect_eq(sent_count, 2);
        outbox_free(&second);
}

Test(outbox, waits_while_the_database_is_locked)
{
        struct outbox *o = must_new();

        add(1);
        outbox_tick(o);
        answer(0, 1, 0);
        cr_assert(db_begin(db));
        outbox_tick(o);
        db_rollback(db);
        waiting(1, 0);
        outbox_tick(o);
        waiting(0, 0);
        outbox_free(&o);
}

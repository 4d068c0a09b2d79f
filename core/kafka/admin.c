#include "kafka/admin_private.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kafka/trouble.h"

struct admin *admin_open(const struct client_options *options, struct pawl_error *err)
{
        struct admin *admin = memory_zero(1, sizeof *admin);

        admin->magic = ADMIN_MAGIC;
        if (!client_init(&admin->client, CLIENT_PRODUCER, options, NULL, 0, 0, err)) {
                admin_destroy(&admin);
                return NULL;
        }
        admin->logs = rd_kafka_queue_get_main(admin->client.rk);
        admin->answers = rd_kafka_queue_new(admin->client.rk);
        rd_kafka_set_log_queue(admin->client.rk, admin->logs);
        return admin;
}

void admin_destroy(struct admin **admin_ptr)
{
        struct admin *admin = *admin_ptr;

        *admin_ptr = NULL;
        if (admin == NULL)
                return;
        assert(admin->magic == ADMIN_MAGIC);
        if (admin->unanswered)
                return;
        if (admin->logs != NULL)
                rd_kafka_queue_destroy(admin->logs);
        if (admin->answers != NULL)
                rd_kafka_queue_destroy(admin->answers);
        client_fini(&admin->client, 0);
        admin->magic = 0;
        free(admin);
}

void admin_serve_logs(struct admin *admin)
{
        rd_kafka_event_t *event;

        while ((event = rd_kafka_queue_poll(admin->logs, 0)) != NULL) {
                if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_LOG)
                        client_log_event(&admin->client, event);
                rd_kafka_event_destroy(event);
        }
}

/* librdkafka 2.0.2's own time-out of a question to a group's coordinator can end the process (an assertion on rd_kafka_enq_once).
 * So it comes this much later than ours, when the command-line tool that asked has ended. */
#define LATE (60 * CLOCK_S)

int admin_ms(int64_t timeout_ns)
{
        int64_t ms = timeout_ns / CLOCK_MS;

        return ms < 1 ? 1 : ms > INT_MAX / 2 ? INT_MAX / 2 : (int)ms;
}

int64_t admin_left(int64_t deadline)
{
        int64_t left = deadline - clock_now();

        return left > 0 ? left : 0;
}

bool admin_failed(struct admin *admin, rd_kafka_resp_err_t code, const char *question, const char *detail,
                  const char *operation, const char *topic, const char *group, struct pawl_error *err)
{
        char text[768];

        trouble_words(&admin->client, code, detail ? detail : rd_kafka_err2str(code), operation, topic, group, text,
                      sizeof text);
        return error_set(err, "%s: %s", question, text);
}

rd_kafka_AdminOptions_t *admin_call_options(struct admin *admin, rd_kafka_admin_op_t op, int64_t timeout_ns)
{
        rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(admin->client.rk, op);
        char reason[128];

        (void)rd_kafka_AdminOptions_set_request_timeout(options, admin_ms(timeout_ns + LATE), reason, sizeof reason);
        return options;
}

rd_kafka_event_t *admin_answer(struct admin *admin, const char *question, int64_t timeout_ns, rd_kafka_resp_err_t *code,
                               struct pawl_error *err)
{
        rd_kafka_event_t *event = rd_kafka_queue_poll(admin->answers, admin_ms(timeout_ns));

        admin_serve_logs(admin);
        *code = event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
        admin->unanswered = admin->unanswered || *code == RD_KAFKA_RESP_ERR__TIMED_OUT;
        if (*code == RD_KAFKA_RESP_ERR_NO_ERROR)
                return event;
        admin_failed(admin, *code, question, event ? rd_kafka_event_error_string(event) : "no answer in time",
                     "Describe", NULL, NULL, err);
        if (event != NULL)
                rd_kafka_event_destroy(event);
        return NULL;
}

const struct rd_kafka_metadata *admin_metadata(struct admin *admin, int64_t timeout_ns, struct pawl_error *err)
{
        const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_resp_err_t code = rd_kafka_metadata(admin->client.rk, 1, NULL, &metadata, admin_ms(timeout_ns));

        admin_serve_logs(admin);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
                return metadata;
        admin_failed(admin, code, "asking for the cluster's topics", NULL, "Describe", NULL, NULL, err);
        return NULL;
}

#define MARKS_TRIES 10

bool admin_marks(struct admin *admin, const char *topic, int32_t partition, int64_t deadline, int64_t *low,
                 int64_t *high)
{
        /* A topic that was just created is not known to every broker yet: those answer at once that there is none. */
        for (int i = 0; i < MARKS_TRIES && admin_left(deadline) > 0; i++) {
                rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(admin->client.rk, topic, partition, low,
                                                                            high, admin_ms(admin_left(deadline)));
                if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
                        return true;
                if (trouble_of(code) == TROUBLE_AUTHORIZATION)
                        break;
                usleep(100000);
        }
        *low = *high = -1;
        return false;
}

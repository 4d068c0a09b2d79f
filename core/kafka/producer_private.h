/*
 * The inside of a producer: producer.c opens, pushes and serves; producer_report.c turns what librdkafka reports into reports
 * and notices.
 */
#ifndef PAWL_KAFKA_PRODUCER_PRIVATE_H
#define PAWL_KAFKA_PRODUCER_PRIVATE_H

#include "kafka/producer.h"
#include "kafka/trouble.h"

#define PRODUCER_MAGIC 0xfeedc0deu

/* A topic that is produced to. */
struct dest {
        char *name;
        rd_kafka_topic_t *rkt; /* of the present client; NULL: not made yet */
        size_t unacked_bytes;
};

struct producer {
        unsigned magic;
        struct client client;
        rd_kafka_queue_t *events;
        int fd;
        struct client_options options; /* copies, for making the client anew */
        size_t max_unacked_bytes;
        size_t unacked;
        bool failed; /* fatal error: waits for its reports, then a new client is made */
        int64_t anew_at;

        struct dest *topics; /* a handful: searched in order */
        size_t topic_count;

        struct producer_report *reports; /* FIFO */
        size_t report_head;
        size_t report_count;
        size_t report_cap;

        struct producer_notice *notices; /* FIFO, read to its end at once */
        size_t notice_head;
        size_t notice_count;

        struct trouble_board troubles;
        int64_t now;
};

/* ---- producer_report.c ---- */

enum producer_outcome report_outcome(rd_kafka_resp_err_t code);
void producer_take_reports(struct producer *p, rd_kafka_event_t *event);
void producer_trouble(struct producer *p, rd_kafka_resp_err_t code, const char *detail, const char *topic);
void producer_clear(struct producer *p, enum client_trouble kind, const char *subject);
void producer_good_sign(struct producer *p);
void producer_queue_notice(struct producer *p, enum client_trouble kind, const char *text);
void producer_free_reports(struct producer *p);

#endif

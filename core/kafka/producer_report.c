#include "kafka/producer_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/*
 * Refused is only what the same record, sent again, would meet again for sure: the source becomes a dead letter for it. All
 * else can be repaired outside (a topic, a right, a broker), so it waits.
 */
enum producer_outcome report_outcome(rd_kafka_resp_err_t code)
{
        switch (code) {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
                return REPORT_DELIVERED;
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
        case RD_KAFKA_RESP_ERR_INVALID_MSG: /* compacted topic, record without a key */
        case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
        case RD_KAFKA_RESP_ERR__INVALID_ARG: /* a name that no topic can have */
        case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
                return REPORT_REFUSED;
        default:
                return REPORT_AGAIN;
        }
}

/* ---- notices ---- */

void producer_queue_notice(struct producer *p, enum client_trouble kind, const char *text)
{
        if (p->notice_head == p->notice_count)
                p->notice_head = p->notice_count = 0;
        p->notices = memory_resize(p->notices, p->notice_count + 1, sizeof *p->notices);
        p->notices[p->notice_count].trouble = kind;
        snprintf(p->notices[p->notice_count++].text, sizeof p->notices->text, "%.511s", text);
}

bool producer_notice(struct producer *p, struct producer_notice *notice)
{
        if (p->notice_head == p->notice_count)
                return false;
        *notice = p->notices[p->notice_head++];
        return true;
}

void producer_trouble(struct producer *p, rd_kafka_resp_err_t code, const char *detail, const char *topic)
{
        char text[768];

        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
                return;
        trouble_words(&p->client, code, detail, "Write", topic, NULL, text, sizeof text);
        trouble_raise(&p->troubles, trouble_of(code), topic ? topic : "", text, p->now);
}

void producer_clear(struct producer *p, enum client_trouble kind, const char *subject)
{
        char text[768];

        if (p->troubles.count > 0 && trouble_clear(&p->troubles, kind, subject, text, sizeof text))
                producer_queue_notice(p, TROUBLE_NONE, text);
}

void producer_good_sign(struct producer *p)
{
        if (p->troubles.count == 0)
                return;
        producer_clear(p, TROUBLE_UNREACHABLE, NULL);
        producer_clear(p, TROUBLE_AUTHENTICATION, NULL);
        producer_clear(p, TROUBLE_FATAL, NULL);
}

/* ---- reports ---- */

static struct producer_report *add_report(struct producer *p)
{
        if (p->report_head + p->report_count == p->report_cap) {
                if (p->report_head > 0)
                        memmove(p->reports, p->reports + p->report_head, p->report_count * sizeof *p->reports);
                p->report_head = 0;
                if (p->report_count * 2 >= p->report_cap) {
                        p->report_cap = p->report_cap ? p->report_cap * 2 : 64;
                        p->reports = memory_resize(p->reports, p->report_cap, sizeof *p->reports);
                }
        }
        return &p->reports[p->report_head + p->report_count++];
}

static void take_report(struct producer *p, const rd_kafka_message_t *m)
{
        const char *topic = rd_kafka_topic_name(m->rkt);
        struct producer_report *report = add_report(p);

        report->tag = (uint64_t)(uintptr_t)m->_private;
        report->outcome = report_outcome(m->err);
        report->trouble = m->err == RD_KAFKA_RESP_ERR_NO_ERROR ? TROUBLE_NONE : trouble_of(m->err);
        report->partition = m->partition;
        report->offset = m->offset;
        report->text = m->err == RD_KAFKA_RESP_ERR_NO_ERROR ? "" : rd_kafka_err2str(m->err);
        p->unacked--;
        for (size_t i = 0; i < p->topic_count; i++) {
                if (strcmp(p->topics[i].name, topic) == 0)
                        p->topics[i].unacked_bytes -= m->len + m->key_len;
        }
        if (report->outcome == REPORT_AGAIN && m->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
            m->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT && m->err != RD_KAFKA_RESP_ERR__FATAL)
                producer_trouble(p, m->err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT ? RD_KAFKA_RESP_ERR__TIMED_OUT : m->err,
                                 rd_kafka_err2str(m->err), topic);
        if (report->outcome == REPORT_DELIVERED && p->troubles.count > 0) {
                producer_good_sign(p);
                producer_clear(p, TROUBLE_UNREACHABLE, topic);
                producer_clear(p, TROUBLE_TOPIC_MISSING, topic);
                producer_clear(p, TROUBLE_AUTHORIZATION, topic);
                producer_clear(p, TROUBLE_OTHER, topic);
        }
}

void producer_take_reports(struct producer *p, rd_kafka_event_t *event)
{
        const rd_kafka_message_t *m;

        while ((m = rd_kafka_event_message_next(event)) != NULL)
                take_report(p, m);
}

size_t producer_reports(struct producer *p, struct producer_report *reports, size_t max)
{
        size_t count = p->report_count < max ? p->report_count : max;

        if (count == 0)
                return 0;
        memcpy(reports, p->reports + p->report_head, count * sizeof *reports);
        p->report_head += count;
        p->report_count -= count;
        if (p->report_count == 0)
                p->report_head = 0;
        return count;
}

void producer_free_reports(struct producer *p)
{
        free(p->reports);
        free(p->notices);
}

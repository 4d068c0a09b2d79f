#include "kafka/trouble.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define FIRST_INTERVAL (5 * CLOCK_S)
#define LAST_INTERVAL  (600 * CLOCK_S)

enum client_trouble trouble_of(rd_kafka_resp_err_t code)
{
        switch (code) {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
                return TROUBLE_NONE;
        case RD_KAFKA_RESP_ERR__TRANSPORT:
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        case RD_KAFKA_RESP_ERR__RESOLVE:
        case RD_KAFKA_RESP_ERR__TIMED_OUT:
        case RD_KAFKA_RESP_ERR__WAIT_COORD:
                return TROUBLE_UNREACHABLE;
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
                return TROUBLE_TOPIC_MISSING;
        case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
        case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
        case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
        case RD_KAFKA_RESP_ERR__SSL:
                return TROUBLE_AUTHENTICATION;
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
                return TROUBLE_AUTHORIZATION;
        case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
                return TROUBLE_FENCED;
        case RD_KAFKA_RESP_ERR__FATAL:
                return TROUBLE_FATAL;
        default:
                return TROUBLE_OTHER;
        }
}

static void authorization_words(const struct client *client, rd_kafka_resp_err_t code, const char *operation,
                                const char *topic, const char *group, char *out, size_t size)
{
        char principal[300];
        char resource[300];
        char option[320];

        client_principal(client, principal, sizeof principal);
        if (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
                snprintf(resource, sizeof resource, "consumer group \"%s\"", group ? group : "?");
                snprintf(option, sizeof option, "--group %s", group ? group : "?");
                operation = "Read";
        } else if (code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED) {
                snprintf(resource, sizeof resource, "the cluster");
                snprintf(option, sizeof option, "--cluster");
                operation = strcmp(operation, "Write") == 0 ? "IdempotentWrite" : operation;
        } else {
                snprintf(resource, sizeof resource, "topic \"%s\"", topic ? topic : "?");
                snprintf(option, sizeof option, "--topic %s", topic ? topic : "?");
        }
        snprintf(out, size,
                 "not authorised: principal %s, operation %s, resource %s; an administrator can allow it with: "
                 "kafka-acls.sh --add --allow-principal %s --operation %s %s",
                 principal, operation, resource, client->username ? principal : "User:NAME", operation, option);
}

void trouble_words(const struct client *client, rd_kafka_resp_err_t code, const char *detail, const char *operation,
                   const char *topic, const char *group, char *out, size_t size)
{
        char principal[300];
        bool more;

        switch (trouble_of(code)) {
        case TROUBLE_UNREACHABLE:
                more = client->failure[0] != '\0' && strcmp(client->failure, detail) != 0;
                snprintf(out, size, "no answer from the brokers \"%s\": %s%s%s", client->brokers, detail,
                         more ? "; last tried: " : "", more ? client->failure : "");
                break;
        case TROUBLE_TOPIC_MISSING:
                if (topic != NULL)
                        snprintf(out, size, "topic \"%s\" does not exist; create it with: pawlctl topics create %s",
                                 topic, topic);
                else
                        snprintf(out, size, "%s; create the topic with: pawlctl topics create", detail);
                break;
        case TROUBLE_AUTHENTICATION:
                client_principal(client, principal, sizeof principal);
                snprintf(out, size,
                         "authentication refused: principal %s, operation connect, resource brokers \"%s\": %s; check "
                         "security.protocol, sasl.mechanism, sasl.username and sasl.password, and the certificates",
                         principal, client->brokers, detail);
                break;
        case TROUBLE_AUTHORIZATION:
                authorization_words(client, code, operation, topic, group, out, size);
                break;
        case TROUBLE_FENCED:
                snprintf(out, size,
                         "fenced: another process joined group \"%s\" with the same group.instance.id; two hosts with "
                         "one host_id? (%s)",
                         group ? group : "?", detail);
                break;
        default:
                snprintf(out, size, "%s (%s)", detail, rd_kafka_err2name(code));
        }
        client_redact(client, out);
}

/* ---- the board ---- */

static struct trouble *find(struct trouble_board *board, enum client_trouble kind, const char *subject)
{
        for (size_t i = 0; i < board->count; i++) {
                if (board->items[i].kind == kind && strcmp(board->items[i].subject, subject) == 0)
                        return &board->items[i];
        }
        return NULL;
}

void trouble_raise(struct trouble_board *board, enum client_trouble kind, const char *subject, const char *text,
                   int64_t now)
{
        struct trouble *t = find(board, kind, subject);

        if (t == NULL) {
                if (board->count == TROUBLE_MAX) /* the rest would not be read either */
                        return;
                t = &board->items[board->count++];
                memset(t, 0, sizeof *t);
                t->kind = kind;
                snprintf(t->subject, sizeof t->subject, "%s", subject);
                t->since = t->say_at = now;
                t->interval = FIRST_INTERVAL;
        }
        t->reports++;
        snprintf(t->text, sizeof t->text, "%s", text);
}

bool trouble_say(struct trouble_board *board, int64_t now, enum client_trouble *kind, char *out, size_t size)
{
        for (size_t i = 0; i < board->count; i++) {
                struct trouble *t = &board->items[i];

                if (now < t->say_at)
                        continue;
                *kind = t->kind;
                if (t->interval == FIRST_INTERVAL)
                        snprintf(out, size, "%s", t->text);
                else
                        snprintf(out, size, "%s (for %lld s now, seen %llu times)", t->text,
                                 (long long)((now - t->since) / CLOCK_S), (unsigned long long)t->reports);
                t->say_at = now + t->interval;
                t->interval = t->interval * 2 > LAST_INTERVAL ? LAST_INTERVAL : t->interval * 2;
                return true;
        }
        return false;
}

bool trouble_clear(struct trouble_board *board, enum client_trouble kind, const char *subject, char *out, size_t size)
{
        bool any = false;

        for (size_t i = 0; i < board->count;) {
                struct trouble *t = &board->items[i];

                if (t->kind != kind || (subject != NULL && strcmp(t->subject, subject) != 0)) {
                        i++;
                        continue;
                }
                if (!any)
                        snprintf(out, size, "%s", t->text);
                any = true;
                *t = board->items[--board->count];
        }
        return any;
}

int64_t trouble_next(const struct trouble_board *board)
{
        int64_t next = INT64_MAX;

        for (size_t i = 0; i < board->count; i++) {
                if (board->items[i].say_at < next)
                        next = board->items[i].say_at;
        }
        return next;
}

bool trouble_has(const struct trouble_board *board, enum client_trouble kind)
{
        for (size_t i = 0; i < board->count; i++) {
                if (board->items[i].kind == kind)
                        return true;
        }
        return false;
}

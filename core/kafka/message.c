#include <librdkafka/rdkafka.h>

#include <string.h>

#include "kafka/message.h"

/*
 * librdkafka allocates and frees a parser before it finds that a message has no headers, which costs as much as everything else
 * that is done to route it. In a record (message format v2; Kafka 4 knows no other) the number of headers follows the value's
 * last byte, and librdkafka (2.0.2 to 2.15 were read: rdkafka_msgset_reader.c) leaves the value where the record lies: a zero there
 * says that there are none. (A null value and an empty one lie elsewhere.)
 */
static bool may_have_headers(const struct message *message)
{
        return message->value_len == 0 || ((const unsigned char *)message->value)[message->value_len] != 0;
}

static rd_kafka_headers_t *headers_of(const struct message *message)
{
        rd_kafka_headers_t *headers;

        if (message->handle == NULL || !may_have_headers(message) ||
            rd_kafka_message_headers(message->handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
                return NULL;
        return headers;
}

size_t message_header_count(const struct message *message)
{
        rd_kafka_headers_t *headers = headers_of(message);

        return headers == NULL ? 0 : rd_kafka_header_cnt(headers);
}

bool message_header_at(const struct message *message, size_t index, struct message_header *header)
{
        rd_kafka_headers_t *headers = headers_of(message);

        return headers != NULL && rd_kafka_header_get_all(headers, index, &header->name, &header->value,
                                                          &header->value_len) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool message_header_last(const struct message *message, const char *name, struct message_header *header)
{
        rd_kafka_headers_t *headers = headers_of(message);

        if (headers == NULL ||
            rd_kafka_header_get_last(headers, name, &header->value, &header->value_len) != RD_KAFKA_RESP_ERR_NO_ERROR)
                return false;
        header->name = name;
        return true;
}

void message_release(struct message *message)
{
        if (message->handle != NULL)
                rd_kafka_message_destroy(message->handle);
        message->handle = NULL;
}

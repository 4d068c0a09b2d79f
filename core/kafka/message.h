/*
 * A view of one message as the broker sent it: nothing is copied, every pointer leads into librdkafka's fetch buffer.
 *
 * A message keeps its whole fetch buffer alive (up to the fetch size, for all messages of one response): who holds one for
 * long copies what it needs and releases. Released on any thread, but before its consumer or reader is destroyed.
 */
#ifndef PAWL_KAFKA_MESSAGE_H
#define PAWL_KAFKA_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct message {
        void *handle;    /* owned; message_release() */
        const void *key; /* NULL: the message has none */
        size_t key_len;
        const void *value; /* NULL: a tombstone */
        size_t value_len;
        int64_t offset;
        int64_t timestamp_ms; /* wall clock, milliseconds since 1970; -1: none */
        uint32_t partition;   /* index of (topic, partition) in its consumer or reader, see consumer_partition() */
};

struct message_header {
        const char *name;  /* NUL-terminated */
        const void *value; /* may be NULL */
        size_t value_len;
};

/* How many headers the message has. The first call on a message parses them; not from two threads at once. */
size_t message_header_count(const struct message *message);

/* The header at `index` (0 …), in the producer's order; false past the last. Same rule of threads. */
bool message_header_at(const struct message *message, size_t index, struct message_header *header);

/* The last header of that name, as Kafka's own clients read a repeated one; false: there is none. Same rule of threads. */
bool message_header_last(const struct message *message, const char *name, struct message_header *header);

/* Gives the message back and clears the handle; a released or zeroed one is accepted. Any thread. */
void message_release(struct message *message);

#endif

/*
 * A dead letter: the message as it was, key, value and headers byte for byte, and behind its headers those that say what
 * happened to it. Main thread.
 *
 *   pawl-dlq-plugin, -version, -handler, -group      who could not handle it
 *   pawl-dlq-reason                                  a code: rejected, attempts, wait-limit, ticket, emit-refused, malformed, crash
 *   pawl-dlq-error                                   in words, at most 1 KiB
 *   pawl-dlq-topic, -partition, -offset, -timestamp  where it stood; timestamp in milliseconds since 1970
 *   pawl-dlq-attempts                                how often the handler was called and failed
 *   pawl-dlq-first-failure, -last-failure            RFC 3339, UTC; absent if no call ever failed
 */
#ifndef PAWL_WORKER_DEADLETTER_H
#define PAWL_WORKER_DEADLETTER_H

#include "kafka/message.h"
#include "worker/held.h"

#include <pawl/plugin.h>
#include <stddef.h>
#include <stdint.h>

#define DEADLETTER_ERROR_MAX 1024

struct deadletter_facts {
        const char *plugin;
        struct pawl_str version;
        struct pawl_str handler; /* absent: none was called */
        const char *group;
        uint16_t reason; /* enum engine_reason or call_reason */
        const char *error;
        const char *topic;
        int32_t partition;
        uint32_t attempts;
        int64_t first_failure; /* wall clock, ns; 0: none */
        int64_t last_failure;
};

/*
 * The record's headers: those of the message and ours. One block, freed with free(). It may wait for room in its topic while the
 * message is copied out of its buffer (held_copy), its text changes, and the configuration is swapped for another: so all is
 * copied into it but `version` and `handler`, which lie in the build and so are never unmapped.
 */
struct message_header *deadletter_headers(const struct held *held, const struct deadletter_facts *facts, size_t *count);

/* The code of a reason, as the header has it. */
const char *deadletter_reason(uint16_t reason);

#endif

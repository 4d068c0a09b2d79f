#include "turn.h"

#include <poll.h>
#include <stdio.h>

#include "base/clock.h"

static void keep_partitions(struct seen *seen, const struct consumer_event *event)
{
        seen->epoch = event->epoch;
        seen->partition_count = event->partition_count;
        for (size_t i = 0; i < event->partition_count && i < 16; i++) {
                seen->partitions[i] = event->partitions[i];
                snprintf(seen->metadata[i], sizeof seen->metadata[i], "%s", event->partitions[i].metadata);
                seen->partitions[i].metadata = seen->metadata[i];
        }
}

static void take_event(struct consumer *consumer, struct seen *seen, const struct consumer_event *event)
{
        if (event->text[0] != '\0')
                snprintf(seen->text, sizeof seen->text, "%s", event->text);
        switch (event->type) {
        case CONSUMER_ASSIGN:
        case CONSUMER_GAP:
                keep_partitions(seen, event);
                for (size_t i = 0; !seen->hold_go && i < event->partition_count; i++)
                        consumer_go(consumer, event->partitions[i].index);
                event->type == CONSUMER_ASSIGN ? seen->assigns++ : seen->gaps++;
                break;
        case CONSUMER_REVOKE:
                seen->revokes++;
                if (!seen->hold_revoke)
                        consumer_unassign(consumer);
                break;
        case CONSUMER_LOST:
                seen->losts++;
                break;
        case CONSUMER_COMMITTED:
                seen->commits++;
                seen->commit_id = event->commit_id;
                seen->commit_result = event->result;
                break;
        case CONSUMER_TROUBLE:
                seen->troubles++;
                seen->trouble = event->trouble;
                break;
        case CONSUMER_RECOVERED:
                seen->recovered++;
                break;
        case CONSUMER_CLOSED:
                seen->closed++;
                break;
        }
}

void turn(struct consumer *consumer, struct seen *seen)
{
        struct pollfd wait = {.fd = consumer_fd(consumer), .events = POLLIN};
        struct message messages[256];
        struct consumer_event event;
        size_t count;

        if (!consumer_ready(consumer))
                poll(&wait, 1, 20);
        consumer_serve(consumer, clock_now());
        while (consumer_next(consumer, &event))
                take_event(consumer, seen, &event);
        count = consumer_read(consumer, messages, 256);
        for (size_t i = 0; i < count; i++) {
                seen->messages++;
                seen->last_offset[messages[i].partition % 16] = messages[i].offset;
                snprintf(seen->last_value, sizeof seen->last_value, "%.*s", (int)messages[i].value_len,
                         (const char *)messages[i].value);
                message_release(&messages[i]);
        }
}

#include "worker/event_index.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static uint32_t header_count(const struct event *ev)
{
        return (uint32_t)event_number(&ev->public, PAWL_EV_HEADERS);
}

/* Puts bytes and a NUL behind what is there; NULL stays NULL. */
static const void *put(char **at, const void *bytes, size_t len)
{
        char *to = *at;

        if (bytes == NULL)
                return NULL;
        memcpy(to, bytes, len);
        to[len] = '\0';
        *at += len + 1;
        return to;
}

static size_t size_of(const struct event *ev, uint32_t headers)
{
        const struct message *m = ev->message;
        size_t size = strlen(ev->place.topic) + 1 + m->key_len + 1 + m->value_len + 1;
        struct pawl_str name, value;
        uint32_t i;

        for (i = 0; i < headers && event_header(&ev->public, i, &name, &value); i++)
                size += sizeof(struct message_header) + name.len + 1 + value.len + 1;
        return size;
}

struct event_copy *event_copy_new(const struct event *ev)
{
        struct event_copy *copy = memory_zero(1, sizeof *copy);
        struct event_place place = ev->place;
        struct message_header *headers;
        uint32_t i, n = header_count(ev);
        struct pawl_str name, value;
        char *at;

        copy->bytes = memory_zero(1, size_of(ev, n));
        headers = (struct message_header *)(void *)copy->bytes;
        at = copy->bytes + n * sizeof *headers;
        for (i = 0; i < n && event_header(&ev->public, i, &name, &value); i++) {
                headers[i].name = put(&at, name.ptr, name.len);
                headers[i].value = put(&at, value.ptr, value.len);
                headers[i].value_len = value.len;
        }
        copy->message = *ev->message;
        copy->message.handle = NULL;
        copy->message.key = put(&at, ev->message->key, ev->message->key_len);
        copy->message.value = put(&at, ev->message->value, ev->message->value_len);
        place.topic = put(&at, ev->place.topic, strlen(ev->place.topic));
        event_open(&copy->event, ev->public.host, &copy->message, &place, &copy->arena, ev->max_bytes);
        event_set_headers(&copy->event, headers, i);
        return copy;
}

void event_copy_free(struct event_copy **copy)
{
        struct event_copy *c = *copy;

        *copy = NULL;
        if (c == NULL)
                return;
        event_close(&c->event);
        event_arena_free(&c->arena);
        free(c->bytes);
        free(c);
}

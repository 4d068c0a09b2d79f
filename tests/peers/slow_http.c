/*
 * An HTTP peer for load tests: takes Telegram's sendMessage, and an SMS as JSON, and accepts everything after the delay. slow.h
 */
#include "slow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n"
                             "{\"ok\":true,\"result\":{\"message_id\":1234}}";

/* The value behind `name` in the body, without quotes. */
static void copy_value(const char *body, const char *name, char *to, size_t size)
{
        const char *at = strstr(body, name);
        size_t len;

        if (at == NULL)
                return;
        at += strlen(name);
        at += strspn(at, " \"");
        len = strcspn(at, "\",}");
        snprintf(to, size, "%.*s", (int)len, at);
}

static bool handle(struct slow_connection *c)
{
        const char *end = strstr(c->input, "\r\n\r\n"), *length = strcasestr(c->input, "content-length:");
        size_t head = end ? (size_t)(end + 4 - c->input) : 0, body;

        if (end == NULL || length == NULL || length > end)
                return false;
        body = (size_t)strtoul(length + strlen("content-length:"), NULL, 10);
        if (c->len < head + body)
                return false;
        copy_value(end, "\"chat_id\":", c->to, sizeof c->to);
        copy_value(end, "\"to\":", c->to, sizeof c->to);
        slow_accepted(c->to);
        slow_take(c, head + body);
        slow_answer_later(c, answer);
        return true;
}

int main(int argc, char **argv)
{
        return slow_main(argc, argv, &(struct slow_protocol){.handle = handle});
}

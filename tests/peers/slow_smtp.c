/*
 * An SMTP peer for load tests: accepts every mail, after the delay. slow.h
 */
#include "slow.h"

#include <stdio.h>
#include <string.h>

enum { COMMANDS, CONTENT };

static bool handle_content(struct slow_connection *c)
{
        char *end = strstr(c->input, "\r\n.\r\n");

        if (end == NULL) {
                /* Only the end matters: what precedes its possible beginning is dropped. */
                if (c->len > 4)
                        slow_take(c, c->len - 4);
                return false;
        }
        slow_take(c, (size_t)(end + 5 - c->input));
        c->step = COMMANDS;
        slow_accepted(c->to);
        slow_answer_later(c, "250 2.0.0 accepted\r\n");
        return true;
}

static bool handle(struct slow_connection *c)
{
        const char *end = strstr(c->input, "\r\n");

        if (c->step == CONTENT)
                return handle_content(c);
        if (end == NULL)
                return false;
        if (strncasecmp(c->input, "RCPT TO:<", 9) == 0)
                snprintf(c->to, sizeof c->to, "%.*s", (int)strcspn(c->input + 9, ">\r"), c->input + 9);
        if (strncasecmp(c->input, "DATA", 4) == 0) {
                c->step = CONTENT;
                slow_answer(c, "354 go on\r\n");
        } else if (strncasecmp(c->input, "QUIT", 4) == 0) {
                slow_answer(c, "221 bye\r\n");
                slow_end(c);
        } else {
                slow_answer(c, "250 fine\r\n");
        }
        slow_take(c, (size_t)(end + 2 - c->input));
        return true;
}

int main(int argc, char **argv)
{
        return slow_main(argc, argv, &(struct slow_protocol){.greeting = "220 slow ESMTP\r\n", .handle = handle});
}

/* The host takes no more: who comes then is told to come later, and who is half in gets his turn. */
#include "gateway_fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(full, .init = gateway_make_full, .fini = gateway_end);

Test(full, when_the_producers_queue_is_full_a_caller_is_told_to_come_later)
{
        int fds[4];

        publications = HOLD;
        for (int i = 0; i < 4; i++) {
                fds[i] = caller_open();
                caller_request(fds[i], "POST", "/v1/events", "admin", JSON, event(""));
                await_messages((size_t)i + 1);
        }
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, event("")), 429);
        cr_assert(reply_has(&last, "Retry-After: 1"));
        cr_assert_eq(message_count, 4u);
        for (int i = 0; i < 4; i++) {
                cr_assert(answer_one(0));
                reply_free(&last);
                last = caller_read(fds[i]);
                cr_assert_eq(last.status, 202);
                close(fds[i]);
        }
}

Test(full, a_batch_larger_than_the_queue_goes_as_there_is_room)
{
        struct buf lines = {0};

        for (int i = 0; i < 50; i++)
                buf_printf(&lines, "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"%d\"}\n",
                           i);
        cr_assert_eq(ask("POST", "/v1/events", "admin", NDJSON, lines.data), 202, "%s", last.body);
        cr_assert_eq(message_count, 50u);
        cr_assert_not_null(strstr(messages[49].value, "\"action\":\"49\""));
        buf_free(&lines);
}

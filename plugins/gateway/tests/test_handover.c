/* The worker is replaced: no connection is refused or reset, and what arrived is answered. */
#include "gateway_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(handover, .init = gateway_make, .fini = gateway_end);

Test(handover, a_connection_made_while_nobody_serves_waits_for_the_successor)
{
        struct pawl_error err;
        int fd;

        testhost_close(&host);
        fd = caller_open();
        caller_request(fd, "GET", "/healthz", NULL, NULL, NULL);
        gateway_open(&err);
        last = caller_read(fd);
        cr_assert_eq(last.status, 200);
        close(fd);
}

Test(handover, an_idle_connection_is_closed_in_order_and_not_reset)
{
        struct pawl_error err;
        int fd = caller_open();

        caller_request(fd, "GET", "/healthz", NULL, NULL, NULL);
        last = caller_read(fd);
        cr_assert_eq(last.status, 200);
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        cr_assert_eq(recv(fd, (char[1]){0}, 1, 0), 0, "the end, not a reset");
        close(fd);
}

static atomic_bool ended;
static atomic_int good, bad;

/* Connection after connection, as long as the test goes on. */
static void *call(void *arg)
{
        char reply[4096];
        (void)arg;

        while (!atomic_load(&ended)) {
                int fd = caller_open();
                ssize_t n;

                caller_request(fd, "GET", "/healthz", NULL, "Connection: close\r\n", NULL);
                n = recv(fd, reply, sizeof reply, MSG_WAITALL);
                if (n > 12 && strncmp(reply, "HTTP/1.1 200", 12) == 0)
                        atomic_fetch_add(&good, 1);
                else
                        atomic_fetch_add(&bad, 1);
                close(fd);
        }
        return NULL;
}

Test(handover, no_caller_is_refused_or_reset_while_the_worker_is_replaced_again_and_again)
{
        struct pawl_error err;
        pthread_t threads[4];

        for (int i = 0; i < 4; i++)
                pthread_create(&threads[i], NULL, call, NULL);
        for (int i = 0; i < 10; i++) {
                int before = atomic_load(&good);

                cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
                while (atomic_load(&good) < before + 50 && atomic_load(&bad) == 0)
                        pump(PAWL_MS(1));
        }
        atomic_store(&ended, true);
        for (int i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        cr_assert_eq(atomic_load(&bad), 0);
}

Test(handover, what_is_on_its_way_is_answered_as_it_is_known_and_never_with_a_false_yes)
{
        struct pawl_error err;
        int fd = caller_open();

        publications = HOLD;
        caller_request(fd, "POST", "/v1/events", "admin", JSON, event(""));
        await_messages(1);
        cr_assert(give_up_held());
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        last = caller_read(fd);
        cr_assert_eq(last.status, 503);
        close(fd);
}

Test(handover, a_request_that_arrived_before_the_end_is_taken_up)
{
        struct pawl_error err;
        int fd = caller_open();

        /* Not given time to be read: it stands in the socket when the end begins. */
        caller_request(fd, "GET", "/healthz", NULL, NULL, NULL);
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        last = caller_read(fd);
        cr_assert_eq(last.status, 200);
        close(fd);
}

/* libmicrohttpd ends the process when it is ended with connections that wait. */
Test(handover, a_caller_whose_event_nobody_acknowledges_is_answered_before_the_end)
{
        struct pawl_error err;
        int fd = caller_open();

        publications = HOLD;
        caller_request(fd, "POST", "/v1/events", "admin", JSON, event(""));
        await_messages(1);
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        forget_held();
        last = caller_read(fd);
        cr_assert_eq(last.status, 503);
        close(fd);
}

#include "base/channel.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct channel *left, *right;

static void setup(void)
{
        int fds[2];

        cr_assert(channel_pair(fds, NULL));
        left = channel_open(fds[0], NULL);
        right = channel_open(fds[1], NULL);
        cr_assert(left && right);
}

static void teardown(void)
{
        channel_close(&left);
        channel_close(&right);
        cr_assert_null(left);
}

TestSuite(channel, .init = setup, .fini = teardown);

Test(channel, carries_an_object_and_descriptors)
{
        struct channel_message m;
        struct pawl_error err;
        int pipe_fds[2];
        char c = 0;
        json_t *message = json_pack("{s:s, s:i}", "verb", "join", "n", 7);

        cr_assert_eq(pipe(pipe_fds), 0);
        cr_assert_eq(channel_send(left, message, pipe_fds, 2, &err), CHANNEL_OK);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        cr_assert_eq(channel_receive(right, &m, &err), CHANNEL_OK);
        cr_assert(json_equal(m.json, message));
        cr_assert_eq(m.fd_count, 2u);
        cr_assert(fcntl(m.fds[0], F_GETFD) & FD_CLOEXEC);
        cr_assert_eq(write(m.fds[1], "x", 1), 1);
        cr_assert_eq(read(m.fds[0], &c, 1), 1);
        cr_assert_eq(c, 'x');
        json_decref(message);
        channel_message_clear(&m);
        cr_assert_null(m.json);
}

Test(channel, keeps_messages_apart_and_never_blocks)
{
        struct channel_message m;
        struct pawl_error err;

        cr_assert_eq(channel_receive(right, &m, &err), CHANNEL_AGAIN);
        cr_assert_eq(channel_sendf(left, &err, "{s:s}", "verb", "a"), CHANNEL_OK);
        cr_assert_eq(channel_sendf(left, &err, "{s:s}", "verb", "b"), CHANNEL_OK);
        cr_assert_eq(channel_receive(right, &m, &err), CHANNEL_OK);
        cr_assert_str_eq(json_string_value(json_object_get(m.json, "verb")), "a");
        channel_message_clear(&m);
        cr_assert_eq(channel_receive(right, &m, &err), CHANNEL_OK);
        cr_assert_str_eq(json_string_value(json_object_get(m.json, "verb")), "b");
        channel_message_clear(&m);
        cr_assert_eq(channel_receive(right, &m, &err), CHANNEL_AGAIN);
}

Test(channel, says_again_when_the_other_side_does_not_read)
{
        enum channel_status status = CHANNEL_OK;
        struct pawl_error err;

        for (int i = 0; i < 1000000 && status == CHANNEL_OK; i++)
                status = channel_sendf(left, &err, "{s:s}", "verb", "health");
        cr_assert_eq(status, CHANNEL_AGAIN);
        cr_assert_not_null(strstr(err.text, "does not read"));
}

static void send_raw(const char *text, size_t len)
{
        cr_assert_eq(send(channel_fd(left), text, len, 0), (ssize_t)len);
}

Test(channel, drops_a_malformed_message_and_goes_on)
{
        static const char *const wrong[] = {"no json",  "[1]",   "\"text\"",        "{\"a\":1,\"a\":2}",
                                            "{\"a\":1", "{} {}", "{\"a\":\"\xff\"}"};
        struct channel_message m;
        struct pawl_error err;

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                send_raw(wrong[i], strlen(wrong[i]));
                cr_assert_eq(channel_receive(right, &m, &err), CHANNEL_ERROR, "took %s", wrong[i]);
                cr_assert_not_null(strstr(err.text, "expected"));
                cr_assert_eq(m.fd_count, 0u);
        }
        cr_assert_eq(channel_sendf(left, &err, "{s:s}", "verb", "ok"), CHANNEL_OK);
        cr_assert_eq(channel_receive(right, &m, &err), CHANNEL_OK);
        channel_message_clear(&m);
}

Test(channel, refuses_what_is_too_deep_or_too_large)
{
        struct channel_message m;
        struct pawl_error err;
        char *text = malloc(CHANNEL_MESSAGE_MAX + 2);
        json_t *large = json_object();

        memset(text, '[', 5000);
        send_raw(text, 5000);
        cr_assert_eq(channel_receive(right, &m, &err), CHANNEL_ERROR);
        cr_assert_not_null(strstr(err.text, "deep"));
        memset(text, ' ', CHANNEL_MESSAGE_MAX + 1);
        send_raw(text, CHANNEL_MESSAGE_MAX + 1);
        cr_assert_eq(channel_receive(right, &m, &err), CHANNEL_ERROR);
        cr_assert_not_null(strstr(err.text, "at most"));
        text[CHANNEL_MESSAGE_MAX] = '\0';
        json_object_set_new(large, "text", json_string(text));
        cr_assert_eq(channel_send(left, large, NULL, 0, &err), CHANNEL_ERROR);
        json_decref(large);
        free(text);
}

Test(channel, closes_descriptors_beyond_its_limit)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(sizeof(int) * 40)];
        } control = {0};
        struct iovec iov = {.iov_base = (char[]){"{}"}, .iov_len = 2};
        struct msghdr msg = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
        struct channel_message m;
        struct pawl_error err;
        int before = dup(0), after;

        close(before);
        control.align =
            (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int) * 40)};
        cr_assert_eq(sendmsg(channel_fd(left), &msg, 0), 2); /* descriptor 0, forty times */
        cr_assert_eq(channel_receive(right, &m, &err), CHANNEL_ERROR);
        after = dup(0);
        close(after);
        cr_assert_eq(before, after, "a descriptor was left open");
}

Test(channel, tells_that_the_other_side_is_gone)
{
        struct channel_message m;
        struct pawl_error err;

        channel_close(&right);
        cr_assert_eq(channel_receive(left, &m, &err), CHANNEL_CLOSED);
        cr_assert_eq(channel_sendf(left, &err, "{s:s}", "verb", "a"), CHANNEL_CLOSED);
}

Test(channel_memfd, carries_bytes_that_nobody_can_change)
{
        struct pawl_error err;
        int fd = channel_memfd("test", "abc\0def", 7, &err);
        size_t len;
        char *back;

        cr_assert_geq(fd, 0);
        cr_assert_lt(write(fd, "x", 1), 0);
        cr_assert_neq(ftruncate(fd, 0), 0);
        back = channel_memfd_read(fd, 100, &len, &err);
        cr_assert_eq(len, 7u);
        cr_assert_arr_eq(back, "abc\0def", 7);
        free(back);
        cr_assert_null(channel_memfd_read(fd, 6, &len, &err));
        cr_assert_not_null(strstr(err.text, "at most 6"));
        close(fd);
}

Test(channel_open, refuses_another_descriptor)
{
        struct pawl_error err;
        int fd = open("/dev/null", O_RDONLY);

        cr_assert_null(channel_open(fd, &err));
        cr_assert_not_null(strstr(err.text, "SOCK_SEQPACKET"));
        close(fd);
}

#include "gateway_fixture.h"

#include "common/tests/scratch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct testhost *host;
int listen_fd = -1;
int32_t publications;
struct seen messages[64];
size_t message_count;
struct reply last;

/* What came behind the answer that was read last on this connection. */
static struct buf more_in;
static int more_of = -1;

static struct publish *held[64]; /* with HOLD */
static size_t held_count;

static int64_t monotonic(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return PAWL_S((int64_t)now.tv_sec) + now.tv_nsec;
}

/* ---- The gateway ---- */

static void add_token(struct buf *file, const char *name, const char *rest)
{
        unsigned char hash[32];

        EVP_Digest(name, strlen(name), hash, NULL, EVP_sha256(), NULL);
        buf_printf(file, "%s %s sha256=", name, rest);
        for (size_t i = 0; i < sizeof hash; i++)
                buf_printf(file, "%02x", hash[i]);
        buf_printf(file, "\n");
}

void write_file(const char *name, const char *text)
{
        FILE *file = fopen(scratch_path(name), "w");

        fputs(text, file);
        fclose(file);
}

static void write_tokens(void)
{
        struct buf file = {0};

        buf_printf(&file, "# tokens of the test\n\n");
        add_token(&file, "admin", "role=admin user=1 rate=1000000");
        add_token(&file, "manager", "role=manager user=7");
        add_token(&file, "customer", "role=customer user=101");
        add_token(&file, "customer2", "role=customer user=102");
        add_token(&file, "contractor", "role=contractor user=55");
        add_token(&file, "engineer", "role=service_engineer user=60");
        add_token(&file, "seldom", "role=admin user=3 rate=0.01");
        add_token(&file, "slow", "role=admin user=2 rate=0.01 burst=2");
        write_file("tokens", file.data);
        buf_free(&file);
}

static int listen_anywhere(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        cr_assert_eq(listen(fd, 128), 0);
        return fd;
}

const char *gateway_settings(const char *more)
{
        static char text[1024];

        snprintf(text, sizeof text, "tokens = \"%s\"; request_ids = { first = 1000; last = 1999; }; %s",
                 scratch_path("tokens"), more);
        return text;
}

static const char *settings_more;
static size_t room;

void gateway_open(struct pawl_error *err)
{
        const struct testhost_socket sockets[] = {{"http", listen_fd}};

        *err = (struct pawl_error){{0}};
        host = testhost_open(&(struct testhost_options){.so = GATEWAY_SO,
                                                        .settings = gateway_settings(settings_more),
                                                        .name = "gateway",
                                                        .dir = scratch_path("."),
                                                        .sockets = sockets,
                                                        .socket_count = 1,
                                                        .publish_count = room},
                             err);
        cr_assert_not_null(host, "%s", err->text);
}

void gateway_make_with(const char *settings)
{
        struct pawl_error err;

        signal(SIGPIPE, SIG_IGN);
        scratch_make();
        write_tokens();
        listen_fd = listen_anywhere();
        settings_more = settings;
        gateway_open(&err);
        publications = 0;
        message_count = held_count = 0;
}

void gateway_make_full(void)
{
        room = 4;
        gateway_make_with("");
}

void gateway_make(void)
{
        gateway_make_with("");
}

void gateway_end(void)
{
        reply_free(&last);
        buf_free(&more_in);
        give_up_held();
        testhost_close(&host);
        if (listen_fd >= 0)
                close(listen_fd);
        listen_fd = -1;
        scratch_remove();
}

/* ---- The bus ---- */

static void note(const struct emit *e)
{
        struct seen *m = &messages[message_count % 64];

        snprintf(m->topic, sizeof m->topic, "%s", e->topic);
        snprintf(m->key, sizeof m->key, "%.*s", (int)e->key_len, (const char *)e->key);
        snprintf(m->value, sizeof m->value, "%.*s", (int)e->value_len, (const char *)e->value);
        message_count++;
}

static bool take_one(int64_t timeout)
{
        struct publish *p = testhost_published(host, timeout);

        if (p == NULL)
                return false;
        note(testhost_message(p));
        if (publications == HOLD) {
                cr_assert_lt(held_count, 64u);
                held[held_count++] = p;
        } else {
                testhost_answer(host, p, publications);
        }
        return true;
}

bool answer_one(int32_t status)
{
        struct publish *p;

        if (held_count == 0) {
                p = testhost_published(host, WAIT_TIME);
                if (p == NULL)
                        return false;
                note(testhost_message(p));
        } else {
                p = held[0];
                memmove(held, held + 1, --held_count * sizeof held[0]);
        }
        testhost_answer(host, p, status);
        return true;
}

void forget_held(void)
{
        held_count = 0;
}

bool give_up_held(void)
{
        bool any = held_count > 0;

        for (size_t i = 0; i < held_count; i++)
                testhost_answer(host, held[i], PAWL_E_CANCELLED);
        held_count = 0;
        return any;
}

void pump(int64_t time)
{
        int64_t end = monotonic() + time;

        while (monotonic() < end)
                take_one(PAWL_MS(1));
}

void await_messages(size_t count)
{
        int64_t end = monotonic() + WAIT_TIME;

        while (message_count < count && monotonic() < end)
                take_one(PAWL_MS(1));
        cr_assert_geq(message_count, count, "expected %zu publications, found %zu", count, message_count);
}

/* ---- The caller ---- */

int caller_open(void)
{
        struct sockaddr_in address;
        socklen_t len = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        cr_assert_eq(getsockname(listen_fd, (struct sockaddr *)&address, &len), 0);
        cr_assert_eq(connect(fd, (struct sockaddr *)&address, len), 0, "%s", strerror(errno));
        return fd;
}

void caller_write_bytes(int fd, const char *bytes, size_t len)
{
        while (len > 0) {
                ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

                if (n <= 0)
                        return; /* the peer has had enough */
                bytes += n;
                len -= (size_t)n;
        }
}

void caller_write(int fd, const char *fmt, ...)
{
        struct buf text = {0};
        va_list ap;

        va_start(ap, fmt);
        buf_vprintf(&text, fmt, ap);
        va_end(ap);
        caller_write_bytes(fd, text.data, text.len);
        buf_free(&text);
}

void caller_request(int fd, const char *method, const char *path, const char *token, const char *headers,
                    const char *body)
{
        caller_write(fd, "%s %s HTTP/1.1\r\nHost: gateway\r\n%s", method, path, headers != NULL ? headers : "");
        if (token != NULL)
                caller_write(fd, "Authorization: Bearer %s\r\n", token);
        if (body != NULL)
                caller_write(fd, "Content-Length: %zu\r\n", strlen(body));
        caller_write(fd, "\r\n%s", body != NULL ? body : "");
}

/* Reads more. 1: something came; 0: the end; -1: not in time. */
static int read_more(int fd, struct buf *in, int64_t end)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char part[16384];
        ssize_t n;

        while (poll(&p, 1, 1) == 0) {
                take_one(PAWL_MS(1));
                if (monotonic() > end)
                        return -1;
        }
        n = recv(fd, part, sizeof part, 0);
        if (n <= 0)
                return 0;
        buf_add(in, part, (size_t)n);
        return 1;
}

static size_t length_of(const char *head)
{
        const char *at = strcasestr(head, "\r\nContent-Length:");

        return at != NULL ? strtoul(at + 17, NULL, 10) : 0;
}

struct reply caller_read(int fd)
{
        int64_t end = monotonic() + WAIT_TIME;
        struct reply r = {0};
        struct buf in = {0};
        char *body;

        if (more_of == fd)
                buf_add(&in, more_in.data, more_in.len);
        more_of = -1;
        buf_free(&more_in);
        while (in.data == NULL || (body = strstr(in.data, "\r\n\r\n")) == NULL)
                if (read_more(fd, &in, end) <= 0)
                        goto out;
        body += 4;
        snprintf(r.head, sizeof r.head, "%.*s", (int)(body - in.data), in.data);
        r.len = length_of(r.head);
        while (in.len - strlen(r.head) < r.len)
                if (read_more(fd, &in, end) <= 0)
                        goto out;
        r.status = atoi(r.head + 9);
        r.body = strndup(in.data + strlen(r.head), r.len);
        r.json = json_loadb(r.body, r.len, 0, NULL);
        if (in.len > strlen(r.head) + r.len) {
                more_of = fd;
                buf_add(&more_in, in.data + strlen(r.head) + r.len, in.len - strlen(r.head) - r.len);
        }
out:
        buf_free(&in);
        return r;
}

bool caller_ended(int fd)
{
        int64_t end = monotonic() + WAIT_TIME;
        struct buf in = {0};
        int more;

        while ((more = read_more(fd, &in, end)) == 1)
                continue;
        buf_free(&in);
        return more == 0;
}

void reply_free(struct reply *reply)
{
        free(reply->body);
        json_decref(reply->json);
        *reply = (struct reply){0};
}

bool reply_has(const struct reply *reply, const char *header)
{
        return strcasestr(reply->head, header) != NULL;
}

int ask(const char *method, const char *path, const char *token, const char *headers, const char *body)
{
        int fd = caller_open();

        caller_request(fd, method, path, token, headers, body);
        reply_free(&last);
        last = caller_read(fd);
        close(fd);
        return last.status;
}

const char *member(const char *name)
{
        const char *value = json_string_value(json_object_get(last.json, name));

        return value != NULL ? value : "";
}

/* ---- Events ---- */

void feed(const char *topic, const char *json)
{
        struct testhost_result result;

        testhost_feed(host, &(struct testhost_event){.topic = topic, .key = "k", .json = json}, &result);
        cr_assert_eq(result.result, PAWL_OK, "%s", result.reason);
        testhost_result_clear(&result);
}

void feed_created(int64_t request_id, int64_t customer_id)
{
        char json[512];

        snprintf(
            json, sizeof json,
            "{\"event_type\":\"request.created\",\"request_id\":%" PRId64 ",\"customer_id\":%" PRId64
            ",\"title\":\"Ремонт холодильника\",\"description\":\"Не морозит\",\"urgency\":\"high\",\"region\":\"Москва\","
            "\"city\":\"Москва\",\"address\":\"ул. Ленина, 1\"}",
            request_id, customer_id);
        feed("request-events", json);
}

const char *event(const char *members)
{
        static char text[4096];

        snprintf(text, sizeof text, "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"a\"%s%s}",
                 members[0] != '\0' ? "," : "", members);
        return text;
}

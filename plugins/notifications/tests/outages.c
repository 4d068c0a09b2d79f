/*
 * What happens around the channels: one that is away, a process that dies in the middle of sending, deadlines, TLS and logins.
 */
#include "sending.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUICK "retry_min = \"20ms\"; retry_max = \"50ms\";"

static struct peer smtp, http;

static void tear_down(void)
{
        sending_end();
        peer_stop(&smtp);
        peer_stop(&http);
}

TestSuite(outages, .init = sending_begin, .fini = tear_down, .timeout = 60);

/* A port of the loopback on which nobody listens for now. */
static int free_port(void)
{
        struct peer peer = {0};

        http_start(&peer);
        peer_stop(&peer);
        return peer.port;
}

Test(outages, channel_that_is_away_holds_up_no_other_and_catches_up)
{
        http.port = free_port();
        smtp_start(&smtp);
        host_open("smtp = { url = \"smtp://127.0.0.1:%d\"; from = \"robot@example.org\"; " QUICK " };"
                  "telegram = { base_url = \"http://127.0.0.1:%d\"; token = \"1:x\"; per_second = 0; " QUICK " };",
                  smtp.port, http.port);
        deliver("\"channel\":\"telegram\",\"address\":\"100000\",\"count\":50");
        wait_until(testhost_metric(host, "telegram_breaker") > 0);
        wait_until(strstr(testhost_health(host), "Telegram"));
        cr_assert(strstr(command("channels", NULL, NULL), "telegram  breaker open") ||
                  strstr(command("channels", NULL, NULL), "telegram  breaker half open"));
        deliver("\"channel\":\"email\",\"address\":\"a@example.org\",\"count\":20");
        for (int i = 0; i < 20; i++)
                json_decref(published("notification.email.sent"));
        cr_assert_not(strstr(testhost_health(host), "mail server"));
        http_start(&http);
        for (int i = 0; i < 50; i++)
                json_decref(published("notification.telegram.sent"));
        wait_until(testhost_metric(host, "telegram_breaker") == 0);
        wait_until(strcmp(testhost_health(host), "ok: every channel answers") == 0 ||
                   strstr(testhost_health(host), "every channel answers"));
        cr_assert_eq(recorded("telegram", 200), 50);
}

Test(outages, channel_that_is_not_configured_fails_at_once)
{
        host_open("deadline = \"1h\";");
        deliver("\"channel\":\"sms\",\"address\":\"+79161234567\"");
        json_t *body = published("notification.failed");
        cr_assert_str_eq(text_in(body, "error_message"), "the channel is not configured");
        json_decref(body);
        wait_until(strstr(command("channels", NULL, NULL), "sms       not configured"));
}

Test(outages, delivery_past_its_deadline_is_given_up_with_its_last_error)
{
        host_open("telegram = { base_url = \"http://127.0.0.1:%d\"; token = \"1:x\"; " QUICK " };", free_port());
        deliver("\"channel\":\"telegram\",\"address\":\"100000\",\"deadline_ms\":300");
        json_t *body = published("notification.failed");
        cr_assert(strstr(text_in(body, "error_message"), "given up at its deadline; last: Failed to connect"), "%s",
                  text_in(body, "error_message"));
        json_decref(body);
        deliver("\"channel\":\"telegram\",\"address\":\"100001\",\"deadline_ms\":1,\"not_before_ms\":600000");
        body = published("notification.failed");
        cr_assert_str_eq(text_in(body, "error_message"), "given up at its deadline; never tried");
        cr_assert_eq(json_integer_value(json_object_get(body, "attempts")), 0);
        json_decref(body);
}

Test(outages, wrong_token_is_the_channels_trouble_not_the_messages)
{
        http_start(&http);
        host_open("telegram = { base_url = \"http://127.0.0.1:%d\"; token = \"wrong\"; per_second = 0; " QUICK " };",
                  http.port);
        deliver("\"channel\":\"telegram\",\"address\":\"100000\"");
        wait_until(strstr(testhost_health(host), "the bot's token or the base URL is wrong"));
        cr_assert_eq(in_database("SELECT count(*) FROM deliveries WHERE state = 'failed'"), 0);
}

/* In a process of its own: opens the host, feeds two deliveries, and tells through the pipe when the first one's acceptance is published. */
static void send_and_hang(int tell)
{
        host_open("sms = { url = \"http://127.0.0.1:%d/sms\"; " QUICK " };", http.port);
        deliver("\"channel\":\"sms\",\"address\":\"+79160000001\"");
        if (testhost_published(host, PATIENCE) == NULL) /* and never acknowledged */
                _exit(1);
        deliver("\"channel\":\"sms\",\"address\":\"+79160000504\"");
        wait_until(recorded("sms", 504) == 1);
        if (write(tell, "x", 1) != 1)
                _exit(1);
        pause();
}

Test(outages, killed_while_sending_only_what_was_not_confirmed_is_sent_again)
{
        int tell[2], status;
        char byte;
        pid_t child;

        http_start(&http);
        cr_assert(pipe2(tell, O_CLOEXEC) == 0);
        child = fork();
        if (child == 0)
                send_and_hang(tell[1]);
        close(tell[1]);
        cr_assert_eq(read(tell[0], &byte, 1), 1);
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        close(tell[0]);
        cr_assert_eq(in_database("SELECT count(*) FROM deliveries WHERE state = 'open'"), 1);
        host_open("sms = { url = \"http://127.0.0.1:%d/sms\"; " QUICK " };", http.port);
        for (int i = 0; i < 2; i++)
                json_decref(published("notification.sms.sent"));
        cr_assert_eq(recorded("sms", 200), 2);
        cr_assert_eq(recorded("sms", 0), 3);
}

Test(outages, what_is_under_way_at_a_hand_over_has_time_to_end)
{
        struct pawl_error err;
        char path[96];

        snprintf(path, sizeof path, "%s/slow", folder);
        peer_start(&http, SLOW_HTTP, (const char *const[]){path, "500", NULL});
        host_open("sms = { url = \"http://127.0.0.1:%d/sms\"; };", http.port);
        deliver("\"channel\":\"sms\",\"address\":\"+79160000001\"");
        wait_until(testhost_metric(host, "delivery_attempts") == 1);
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        cr_assert_eq(in_database("SELECT count(*) FROM deliveries WHERE state = 'sent' AND attempts = 1"), 1);
        json_decref(published("notification.sms.sent"));
}

Test(outages, connection_that_the_server_left_meanwhile_costs_no_attempt)
{
        smtp_start(&smtp);
        host_open("smtp = { url = \"smtp://127.0.0.1:%d\"; from = \"robot@example.org\"; };", smtp.port);
        deliver("\"channel\":\"email\",\"address\":\"a@example.org\"");
        json_decref(published("notification.email.sent"));
        peer_stop(&smtp);
        smtp_start(&smtp);
        deliver("\"channel\":\"email\",\"address\":\"b@example.org\"");
        json_decref(published("notification.email.sent"));
        cr_assert_eq(in_database("SELECT max(attempts) FROM deliveries"), 1);
}

/* ---- TLS and logins ---- */

static char certificate[96], key[96], other[96];

static void make_certificate(const char *name, char *cert, char *private_key)
{
        char line[512];

        snprintf(cert, 96, "%s/%s.pem", folder, name);
        snprintf(private_key, 96, "%s/%s.key", folder, name);
        snprintf(line, sizeof line,
                 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
                 " -addext subjectAltName=IP:127.0.0.1 -keyout '%s' -out '%s' 2>/dev/null",
                 private_key, cert);
        cr_assert(system(line) == 0);
}

static void start_tls(void)
{
        char mail[96], other_key[96];

        make_certificate("server", certificate, key);
        make_certificate("other", other, other_key);
        snprintf(mail, sizeof mail, "%s/mail", folder);
        peer_start(&smtp, PEERS "/smtp.py",
                   (const char *const[]){mail, "--tls", certificate, key, "--login", "pawl", "s3cret", NULL});
}

static void open_tls(const char *ca_file, const char *password)
{
        host_open(
            "smtp = { url = \"smtp://127.0.0.1:%d\"; from = \"robot@example.org\"; tls = \"required\"; ca_file = \"%s\";"
            " username = \"pawl\"; password = \"%s\"; " QUICK " };",
            smtp.port, ca_file, password);
}

Test(outages, mail_goes_over_starttls_with_a_login_and_many_over_one_connection)
{
        start_tls();
        open_tls(certificate, "s3cret");
        for (int i = 0; i < 3; i++) {
                deliver("\"channel\":\"email\",\"address\":\"a%d@example.org\",\"subject\":\"x\"", i);
                json_decref(published("notification.email.sent"));
        }
        cr_assert_eq(mails(), 3);
}

Test(outages, certificate_of_another_authority_is_refused)
{
        start_tls();
        open_tls(other, "s3cret");
        deliver("\"channel\":\"email\",\"address\":\"a@example.org\"");
        wait_until(strstr(testhost_health(host), "certificate"));
        cr_assert_eq(mails(), 0);
        cr_assert_eq(in_database("SELECT count(*) FROM deliveries WHERE state = 'failed'"), 0);
}

Test(outages, wrong_password_is_the_channels_trouble_and_stands_nowhere)
{
        start_tls();
        open_tls(certificate, "s3cret?");
        deliver("\"channel\":\"email\",\"address\":\"a@example.org\"");
        wait_until(strstr(testhost_health(host), "mail server smtp://127.0.0.1"));
        cr_assert_not(strstr(testhost_health(host), "s3cret"));
        cr_assert_eq(in_database("SELECT count(*) FROM deliveries WHERE state = 'failed'"), 0);
}

Test(outages, settings_that_would_send_a_password_in_the_clear_or_cannot_work_are_refused)
{
        static const char *const faults[][2] = {
            {"smtp = { url = \"smtp://h\"; from = \"a@b\"; username = \"u\"; };",
             "smtp.username: expected tls = \"required\""},
            {"smtp = { url = \"http://h\"; from = \"a@b\"; };", "smtp.url: expected smtp://"},
            {"smtp = { url = \"smtp://u:p@h\"; from = \"a@b\"; };", "without a name before HOST"},
            {"smtp = { from = \"nobody\"; };", "smtp.from: expected an e-mail address"},
            {"telegram = { token = \"1/../x\"; };", "telegram.token: expected"},
            {"telegram = { token = \"1:x\"; base_url = \"ftp://h\"; };", "telegram.base_url: expected"},
            {"sms = { url = \"http://h/?{{name}}\"; };", "sms.url: expected {{phone}}, {{text}} or {{id}}"},
            {"sms = { url = \"http://h\"; success = \"(\"; };", "sms.success: expected a regular expression"},
            {"sms = { url = \"http://h\"; id = \"x\"; };", "expected a group in parentheses"},
            {"sms = { url = \"http://h\"; headers = ({ name = \"X: y\"; value = \"z\"; }); };",
             "sms.headers: expected a name"},
        };

        for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
                struct pawl_error err;
                struct testhost *h =
                    testhost_open(&(struct testhost_options){.so = SENDER_SO, .settings = faults[i][0]}, &err);

                cr_assert_null(h, "%s", faults[i][0]);
                cr_assert(strstr(err.text, faults[i][1]), "expected \"%s\" in: %s", faults[i][1], err.text);
        }
}

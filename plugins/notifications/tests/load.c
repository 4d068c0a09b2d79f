/*
 * Thousands of deliveries at a time, while every provider takes two seconds for its answer: by the providers' own count, over at least 1,000
 * HTTP connections at once and at most 50 SMTP connections, each used again and again; and everything exactly once.
 */
#include "sending.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MESSAGES 2600 /* on Telegram, and as many by SMS */
#define MAILS    400
#define ALL      (2 * MESSAGES + MAILS)
#define MINUTES  PAWL_S(100)

static struct peer smtp, http;

static void set_up(void)
{
        struct rlimit files;

        cr_assert(getrlimit(RLIMIT_NOFILE, &files) == 0);
        files.rlim_cur = files.rlim_max;
        cr_assert(setrlimit(RLIMIT_NOFILE, &files) == 0);
        sending_begin();
}

static void start(struct peer *peer, const char *program, const char *name)
{
        char path[96];

        snprintf(path, sizeof path, "%s/%s", folder, name);
        peer_start(peer, program, (const char *const[]){path, "2000", NULL});
}

/* Ends the peer and reads its counts. */
static void counts(struct peer *peer, unsigned *messages, unsigned *connections, unsigned *most_open)
{
        char line[128] = "";

        close(peer->input);
        cr_assert(fgets(line, sizeof line, peer->output));
        cr_assert_eq(sscanf(line, "messages=%u connections=%u most_open=%u", messages, connections, most_open), 3, "%s",
                     line);
}

/* How many different lines a file has. */
static unsigned different_lines(const char *name)
{
        char command_line[160];
        unsigned count = 0;
        FILE *out;

        snprintf(command_line, sizeof command_line, "sort -u '%s/%s' | wc -l", folder, name);
        out = popen(command_line, "r");
        cr_assert(out && fscanf(out, "%u", &count) == 1);
        pclose(out);
        return count;
}

static double open_deliveries(void)
{
        return testhost_metric(host, "email_open") + testhost_metric(host, "telegram_open") +
               testhost_metric(host, "sms_open");
}

/* Acknowledges everything that is published until all are; the most deliveries that were open at a time. */
static double finish_all(void)
{
        int64_t end = test_clock() + MINUTES;
        double most = 0;

        for (int told = 0; told < ALL;) {
                struct publish *p = testhost_published(host, PAWL_MS(20));
                double open = open_deliveries();

                most = open > most ? open : most;
                cr_assert(test_clock() < end, "%d of %d were told of", told, ALL);
                if (p == NULL)
                        continue;
                cr_assert(memmem(testhost_message(p)->value, testhost_message(p)->value_len, ".sent\"", 6));
                testhost_answer(host, p, 0);
                told++;
        }
        return most;
}

Test(load, thousands_are_open_at_a_time_and_each_is_delivered_once, .init = set_up, .fini = sending_end, .timeout = 150)
{
        unsigned messages, connections, most_open;
        double most;

        start(&smtp, SLOW_SMTP, "mails");
        start(&http, SLOW_HTTP, "messages");
        host_open(
            "smtp = { url = \"smtp://127.0.0.1:%d\"; from = \"robot@example.org\"; connections = 50; };"
            "telegram = { base_url = \"http://127.0.0.1:%d\"; token = \"1:x\"; max_open = 5000; connections = 520;"
            " per_second = 0; };"
            "sms = { url = \"http://127.0.0.1:%d/sms\"; max_open = 5000; connections = 520; };",
            smtp.port, http.port, http.port);
        deliver("\"channel\":\"telegram\",\"address\":\"1000000\",\"count\":%d", MESSAGES);
        deliver("\"channel\":\"sms\",\"address\":\"+79160000000\",\"count\":%d", MESSAGES);
        deliver("\"channel\":\"email\",\"address\":\"a@example.org\",\"count\":%d", MAILS);
        most = finish_all();
        testhost_close(&host);
        cr_assert_geq(most, 5000);
        counts(&smtp, &messages, &connections, &most_open);
        cr_assert_eq(messages, MAILS);
        cr_assert_eq(different_lines("mails"), MAILS);
        cr_assert_leq(connections, 50);
        counts(&http, &messages, &connections, &most_open);
        cr_assert_eq(messages, 2 * MESSAGES);
        cr_assert_eq(different_lines("messages"), 2 * MESSAGES);
        cr_assert_geq(most_open, 1000);
        peer_stop(&smtp);
        peer_stop(&http);
}

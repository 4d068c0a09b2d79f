/* The log under threads and under a reader that stops: lines stay whole, nobody is held up, what was dropped is said. */
#include "base/clock.h"
#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4, LINES = 2000 };

/* stderr is what is tested: complaints go to stdout. */
#define CHECK(what)                                                                                                    \
        do {                                                                                                           \
                if (!(what)) {                                                                                         \
                        printf("%s:%d: %s\n", __FILE__, __LINE__, #what);                                              \
                        fflush(stdout);                                                                                \
                        _exit(1);                                                                                      \
                }                                                                                                      \
        } while (0)

static int pipe_fds[2];
static _Atomic bool writers_done;
static char *collected;
static size_t collected_len;

/* Two words of letters: neither the format nor the text makes two lines equal. */
static void word(char out[12], unsigned n)
{
        for (int i = 0; i < 11; i++, n /= 26)
                out[i] = (char)('a' + n % 26);
        out[11] = '\0';
}

static void *write_lines(void *arg)
{
        unsigned id = *(unsigned *)arg;

        for (unsigned i = 0; i < LINES; i++) {
                char text[12];

                word(text, id * LINES + i);
                log_info("%s", text);
                if (i % 100 == 0)
                        log_set_level(i % 200 == 0 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
        }
        return NULL;
}

static void *read_lines(void *arg)
{
        size_t cap = 8 << 20;

        (void)arg;
        collected = malloc(cap);
        for (;;) {
                struct pollfd p = {.fd = pipe_fds[0], .events = POLLIN};
                bool last = atomic_load(&writers_done);

                if (poll(&p, 1, last ? 0 : 10) == 1) {
                        ssize_t n = read(pipe_fds[0], collected + collected_len, cap - collected_len);

                        CHECK(n > 0);
                        collected_len += (size_t)n;
                } else if (last) {
                        return NULL;
                }
        }
}

static void check_lines(void)
{
        size_t lines = 0;

        for (char *at = collected, *end; at < collected + collected_len; at = end + 1) {
                end = memchr(at, '\n', (size_t)(collected + collected_len - at));
                CHECK(end != NULL);
                CHECK(strncmp(at, "ts=", 3) == 0);
                CHECK(memmem(at, (size_t)(end - at), " plugin=test msg=", 17) != NULL);
                lines++;
        }
        CHECK(lines == THREADS * LINES);
}

static void lines_of_many_threads_stay_whole(void)
{
        pthread_t writers[THREADS], reader;
        unsigned ids[THREADS];

        CHECK(pthread_create(&reader, NULL, read_lines, NULL) == 0);
        for (unsigned i = 0; i < THREADS; i++) {
                ids[i] = i;
                CHECK(pthread_create(&writers[i], NULL, write_lines, &ids[i]) == 0);
        }
        for (unsigned i = 0; i < THREADS; i++)
                pthread_join(writers[i], NULL);
        atomic_store(&writers_done, true);
        pthread_join(reader, NULL);
        check_lines();
}

static size_t drain(char *out, size_t cap)
{
        size_t len = 0;

        for (;;) {
                struct pollfd p = {.fd = pipe_fds[0], .events = POLLIN};
                ssize_t n;

                if (poll(&p, 1, 0) != 1)
                        return len;
                n = read(pipe_fds[0], out + len, cap - len - 1);
                CHECK(n > 0);
                len += (size_t)n;
                out[len] = '\0';
        }
}

static void a_reader_that_stops_holds_nobody_up(void)
{
        static char text[1 << 20];
        int64_t begin = clock_now();
        unsigned dropped = 0, lines = 0;
        const char *said;

        for (unsigned i = 0; i < 20000; i++) {
                char w[12];

                word(w, 1000000 + i);
                log_warn("%s", w);
        }
        CHECK(clock_now() - begin <
              20 * CLOCK_S); /* sanitizers are slow; a line that waited each time would take 400 s */
        CHECK(drain(text, sizeof text) > 0);
        for (const char *c = text; *c != '\0'; c++)
                lines += *c == '\n';
        CHECK(lines < 20000);
        log_tick();
        CHECK(drain(text, sizeof text) > 0);
        said = strstr(text, "log lines were dropped");
        CHECK(said != NULL);
        CHECK(sscanf(strstr(text, "msg=\"") + 5, "%u", &dropped) == 1);
        CHECK(dropped + lines == 20000);
        log_info("after");
        log_tick();
        CHECK(drain(text, sizeof text) > 0);
        CHECK(strstr(text, "msg=after") != NULL && strstr(text, "dropped") == NULL);
}

static void a_flood_is_folded(void)
{
        static char text[1 << 20];
        unsigned lines = 0;

        for (unsigned i = 0; i < 5000; i++)
                log_error("the same for the %uth time", i);
        log_close();
        drain(text, sizeof text);
        for (const char *c = text; *c != '\0'; c++)
                lines += *c == '\n';
        CHECK(lines >= 10 && lines < 100);
        CHECK(strstr(text, "msg=\"the same for the 9th time\"") != NULL);
        CHECK(strstr(text, "more like this within") != NULL && strstr(text, "folded=") != NULL);
}

int main(void)
{
        int copy = dup(STDERR_FILENO);

        CHECK(pipe(pipe_fds) == 0);
        CHECK(dup2(pipe_fds[1], STDERR_FILENO) == STDERR_FILENO);
        log_open(LOG_FORMAT_AUTO, LOG_LEVEL_INFO);
        log_set_plugin("test");
        CHECK((fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK) == 0); /* others share it */
        lines_of_many_threads_stay_whole();
        a_reader_that_stops_holds_nobody_up();
        a_flood_is_folded();
        dup2(copy, STDERR_FILENO);
        free(collected);
        return 0;
}

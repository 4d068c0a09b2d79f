#include "sender.h"

#include "mail.h"
#include "publication.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TURN_MAX PAWL_S(1) /* how long the thread sleeps at most: a missed wake-up costs no more */
#define PAGE     64        /* rows taken or published in one go */
#define LAST_WORDS                                                                                                     \
        PAWL_S(10) /* what is being sent at the end has this long; then it is cut off, and sent again later */
#define PURGE_EVERY      PAWL_S(600)
#define ACKNOWLEDGED_MAX 4096

/* A delivery under way. */
struct open_delivery {
        int64_t id;
        int64_t attempts;
        int64_t deadline;
};

struct sender {
        struct sender_options options;
        char *store_path, *topic, *from, *from_name;
        struct store *store;
        struct smtp *smtp;
        int lock_fd; /* -1: not the one who sends */
        bool started;
        pthread_t thread;
        atomic_bool ending;
        _Atomic int64_t end_by;     /* monotonic; once ending */
        struct open_delivery *open; /* options.max_open places, the first open_count in use */
        size_t open_count;
        int64_t away_until; /* monotonic; 0: the server is not known to be away */
        int64_t away_pause;
        int64_t publish_after; /* the highest `finished` that was given to pawl_publish */
        int64_t purge_at;
        pthread_mutex_t mutex; /* guards acknowledged, which the callback's threads fill */
        int64_t acknowledged[ACKNOWLEDGED_MAX];
        size_t acknowledged_count;
};

struct sender *sender_new(const struct sender_options *options)
{
        struct sender *s = calloc(1, sizeof *s);

        if (s == NULL)
                return NULL;
        s->options = *options;
        s->store_path = strdup(options->store_path);
        s->topic = strdup(options->topic);
        s->from = strdup(options->from);
        s->from_name = strdup(options->from_name);
        s->smtp = smtp_new(&options->smtp);
        s->open = calloc(options->max_open, sizeof *s->open);
        s->lock_fd = -1;
        pthread_mutex_init(&s->mutex, NULL);
        if (!s->store_path || !s->topic || !s->from || !s->from_name || !s->smtp || !s->open)
                sender_free(&s);
        return s;
}

static void trouble(struct sender *s, const char *what)
{
        pawl_health(s->options.instance, PAWL_HEALTH_DEGRADED, "%s", what);
        pawl_log(s->options.instance, PAWL_LOG_WARN, "%s", what);
}

/* Takes the place of the one who sends, if it is free, and finds what an earlier one left open. */
static bool take_place(struct sender *s)
{
        char path[4096], error[512];
        pawl_result result;

        if (s->store == NULL && (s->store = store_open(s->store_path, error, sizeof error, &result)) == NULL) {
                trouble(s, error);
                return false;
        }
        snprintf(path, sizeof path, "%s.lock", s->store_path);
        s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
        if (s->lock_fd >= 0 && flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0 && store_begin(s->store) == PAWL_OK)
                return true;
        if (s->lock_fd >= 0)
                close(s->lock_fd);
        s->lock_fd = -1;
        return false;
}

static int64_t pause_after(const struct sender *s, int64_t attempts)
{
        int64_t pause = s->options.retry_min;

        for (; attempts > 1 && pause < s->options.retry_max; attempts--)
                pause *= 2;
        return pause < s->options.retry_max ? pause : s->options.retry_max;
}

static void finish(struct sender *s, int64_t id, bool sent, const char *error)
{
        if (store_finish(s->store, id, sent, error, NULL, pawl_now(s->options.instance)) != PAWL_OK)
                trouble(s, store_error(s->store)); /* it stays open in the file: sent again when a sender begins anew */
        pawl_metric_add(s->options.instance, sent ? s->options.metric_sent : s->options.metric_failed, 1);
}

static void server_away(struct sender *s, const char *text)
{
        char line[400];

        s->away_pause = s->away_pause == 0 ? s->options.retry_min : 2 * s->away_pause;
        if (s->away_pause > s->options.retry_max)
                s->away_pause = s->options.retry_max;
        s->away_until = pawl_monotonic(s->options.instance) + s->away_pause;
        snprintf(line, sizeof line, "mail server %s: %s; deliveries wait, next try in %" PRId64 " ms",
                 s->options.smtp.url, text, s->away_pause / PAWL_MS(1));
        trouble(s, line);
}

static void server_answered(struct sender *s)
{
        if (s->away_until != 0)
                pawl_health(s->options.instance, PAWL_HEALTH_OK, "mail server %s answers", s->options.smtp.url);
        s->away_until = s->away_pause = 0;
}

static void ended(struct sender *s, const struct smtp_result *result)
{
        struct open_delivery d = {0, 0, 0};
        int64_t now = pawl_now(s->options.instance);

        for (size_t i = 0; i < s->open_count; i++) {
                if (s->open[i].id == result->id) {
                        d = s->open[i];
                        s->open[i] = s->open[--s->open_count];
                        break;
                }
        }
        if (result->outcome == SMTP_AWAY)
                server_away(s, result->text);
        else
                server_answered(s);
        if (result->outcome == SMTP_SENT || result->outcome == SMTP_REFUSED) {
                finish(s, d.id, result->outcome == SMTP_SENT, result->text);
        } else if (now >= d.deadline) {
                char text[320];

                snprintf(text, sizeof text, "given up at its deadline; last: %s", result->text);
                finish(s, d.id, false, text);
        } else if (store_requeue(s->store, d.id, now + pause_after(s, d.attempts), result->text, true) != PAWL_OK) {
                trouble(s, store_error(s->store));
        }
}

static void begin_one(struct sender *s, const struct delivery *d)
{
        char message_id[64], name[64];
        struct mail mail = {s->from, s->from_name, d->address, message_id, d->subject, d->text, d->created};
        size_t len;
        char *message;

        /* The same for every attempt, so that a reader of mail can recognise a repeat after a crash. */
        snprintf(name, sizeof name, "mail/%" PRId64 "/%" PRId64, d->id, d->created);
        pawl_derive_id(s->options.instance, pawl_text(name), message_id);
        strcat(message_id, "@pawl");
        message = mail_compose(&mail, &len);
        if (message == NULL || !smtp_send(s->smtp, d->id, s->from, d->address, message, len)) {
                store_requeue(s->store, d->id, pawl_now(s->options.instance) + s->options.retry_min, "out of memory",
                              true);
                return;
        }
        s->open[s->open_count++] = (struct open_delivery){d->id, d->attempts, d->deadline};
        pawl_metric_add(s->options.instance, s->options.metric_attempts, 1);
}

/* How many may be begun now: one, as a probe, after the server was away. */
static size_t room(const struct sender *s)
{
        size_t max = s->options.max_open;

        if (s->away_until != 0)
                max = pawl_monotonic(s->options.instance) < s->away_until ? 0 : 1;
        return s->open_count < max ? max - s->open_count : 0;
}

static void begin(struct sender *s)
{
        struct delivery taken[PAGE];
        size_t n = room(s), count = 1;

        while (n > 0 && count > 0) {
                pawl_result result = store_turn(s->store);

                count = 0;
                if (result == PAWL_OK)
                        result = store_take(s->store, "email", pawl_now(s->options.instance), n < PAGE ? n : PAGE,
                                            taken, &count);
                if (result != PAWL_OK || store_turn_end(s->store, true) != PAWL_OK) {
                        trouble(s, store_error(s->store));
                        while (count > 0)
                                delivery_clear(&taken[--count]);
                        return;
                }
                for (size_t i = 0; i < count; i++) {
                        begin_one(s, &taken[i]);
                        delivery_clear(&taken[i]);
                }
                n -= count;
        }
}

/* What the callback needs: whose delivery was published. */
struct published {
        struct sender *sender;
        int64_t id;
};

void sender_published(void *self, void *arg, int32_t status)
{
        struct published *p = arg;
        struct sender *s = p->sender;

        (void)self;
        pthread_mutex_lock(&s->mutex);
        /* What is not noted (CANCELLED, or the list is full) is published again by the next sender, with the same id. */
        if (status != PAWL_E_CANCELLED && s->acknowledged_count < ACKNOWLEDGED_MAX)
                s->acknowledged[s->acknowledged_count++] = p->id;
        pthread_mutex_unlock(&s->mutex);
        free(p);
        sender_wake(s);
}

static bool publish_one(struct sender *s, const struct delivery *d)
{
        struct published *p = malloc(sizeof *p);
        int32_t status;

        if (p == NULL)
                return false;
        *p = (struct published){s, d->id};
        status = publication_send(s->options.instance, s->topic, d, sender_published, p);
        if (status != 0)
                free(p);
        if (status == PAWL_E_FULL || status == PAWL_E_STATE)
                return false;
        if (status != 0) {
                pawl_log(s->options.instance, PAWL_LOG_ERROR,
                         "delivery %" PRId64 ": its notification event cannot be published (error %d)", d->id, status);
                store_published(s->store, d->id);
        }
        return true;
}

static void publish(struct sender *s)
{
        struct delivery rows[PAGE];
        size_t count = PAGE;
        bool more = true;

        while (more && count == PAGE) {
                if (store_unpublished(s->store, s->publish_after, PAGE, rows, &count) != PAWL_OK)
                        return;
                for (size_t i = 0; i < count; i++) {
                        more = more && publish_one(s, &rows[i]);
                        if (more)
                                s->publish_after = rows[i].finished;
                        delivery_clear(&rows[i]);
                }
        }
}

static void note_acknowledged(struct sender *s)
{
        int64_t ids[PAGE];
        size_t n;

        do {
                pthread_mutex_lock(&s->mutex);
                n = s->acknowledged_count < PAGE ? s->acknowledged_count : PAGE;
                s->acknowledged_count -= n;
                memcpy(ids, s->acknowledged + s->acknowledged_count, n * sizeof *ids);
                pthread_mutex_unlock(&s->mutex);
                for (size_t i = 0; i < n; i++)
                        store_published(s->store, ids[i]); /* where it fails: published again, with the same id */
        } while (n == PAGE);
}

static void report(struct sender *s)
{
        int64_t now = pawl_monotonic(s->options.instance), waiting;

        if (store_queued(s->store, "email", &waiting) == PAWL_OK)
                pawl_metric_set(s->options.instance, s->options.metric_waiting, waiting + (int64_t)s->open_count);
        if (now >= s->purge_at) {
                store_purge(s->store, pawl_now(s->options.instance) - s->options.keep);
                s->purge_at = now + PURGE_EVERY;
        }
}

static int64_t until_next(struct sender *s)
{
        int64_t wait = TURN_MAX, due = INT64_MAX, now = pawl_monotonic(s->options.instance);

        if (s->away_until > now && s->away_until - now < wait)
                return s->away_until - now;
        if (s->away_until <= now && s->lock_fd >= 0 && s->open_count < s->options.max_open &&
            store_next_due(s->store, "email", &due) == PAWL_OK && due != INT64_MAX) {
                due -= pawl_now(s->options.instance);
                wait = due < 0 ? 0 : due < wait ? due : wait;
        }
        return wait < PAWL_MS(1) ? PAWL_MS(1) : wait;
}

static bool over(const struct sender *s)
{
        return atomic_load(&s->ending) &&
               (smtp_open_count(s->smtp) == 0 || pawl_monotonic(s->options.instance) >= atomic_load(&s->end_by));
}

static void *run(void *arg)
{
        struct sender *s = arg;
        struct smtp_result result;

        while (!over(s)) {
                if (s->lock_fd < 0 && !take_place(s)) {
                        smtp_work(s->smtp, TURN_MAX / 4);
                        continue;
                }
                while (smtp_next(s->smtp, &result))
                        ended(s, &result);
                note_acknowledged(s);
                if (!atomic_load(&s->ending)) {
                        publish(s);
                        begin(s);
                        report(s);
                }
                smtp_work(s->smtp, until_next(s));
        }
        if (s->lock_fd >= 0)
                note_acknowledged(s);
        return NULL;
}

void sender_start(struct sender *sender)
{
        sender->started = pthread_create(&sender->thread, NULL, run, sender) == 0;
        if (!sender->started)
                trouble(sender, "the sender's thread cannot be started: nothing is sent");
}

void sender_wake(struct sender *sender)
{
        smtp_wake(sender->smtp);
}

void sender_quiesce(struct sender *sender)
{
        if (!atomic_load(&sender->ending))
                atomic_store(&sender->end_by, pawl_monotonic(sender->options.instance) + LAST_WORDS);
        atomic_store(&sender->ending, true);
        sender_wake(sender);
}

void sender_stop(struct sender *sender)
{
        sender_quiesce(sender);
        if (sender->started)
                pthread_join(sender->thread, NULL);
        sender->started = false;
}

void sender_free(struct sender **sender)
{
        struct sender *s = *sender;

        if (s == NULL)
                return;
        smtp_free(&s->smtp);
        store_close(&s->store);
        if (s->lock_fd >= 0)
                close(s->lock_fd);
        pthread_mutex_destroy(&s->mutex);
        free(s->store_path);
        free(s->topic);
        free(s->from);
        free(s->from_name);
        free(s->open);
        free(s);
        *sender = NULL;
}

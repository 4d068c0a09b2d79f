#include "sender_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TURN_MAX PAWL_S(1) /* how long the thread sleeps at most: a missed wake-up costs no more */
#define PAGE     512       /* rows of a channel taken in one turn: how long it holds the database's write lock */
#define LAST_WORDS                                                                                                     \
        PAWL_S(10) /* what is being sent at the end has this long; then it is cut off, and sent again later */
#define WRITE_AGAIN PAWL_MS(200) /* after a turn that could not be written */
#define PURGE_EVERY PAWL_S(600)
#define PURGE_ON    PAWL_S(1) /* while there is more to be forgotten */

static void wake(void *arg)
{
        sender_wake(arg);
}

struct sender *sender_new(const struct sender_options *options)
{
        struct sender *s = calloc(1, sizeof *s);
        bool ok;

        if (s == NULL) {
                for (int i = 0; i < SENDER_CHANNELS; i++) {
                        if (options->channels[i].self != NULL)
                                options->channels[i].kind->destroy(options->channels[i].self);
                }
                return NULL;
        }
        s->options = *options;
        s->lock_fd = -1;
        pthread_mutex_init(&s->mutex, NULL);
        s->loop = loop_new();
        ok = s->loop != NULL;
        for (int i = 0; i < SENDER_CHANNELS; i++) {
                s->carriers[i].options = options->channels[i];
                ok = ok && carrier_init(&s->carriers[i], &options->channels[i], options->instance, s->loop);
        }
        s->publication = publication_new(options->instance, options->topic, wake, s);
        if (!ok || s->publication == NULL)
                sender_free(&s);
        return s;
}

/* Takes the place of the one who sends, if it is free, and finds what an earlier one left open. */
static bool take_place(struct sender *s)
{
        char path[4096], error[512];
        pawl_result result;

        if (s->store == NULL && (s->store = store_open(s->options.store_path, error, sizeof error, &result)) == NULL) {
                sender_trouble(s, error);
                return false;
        }
        snprintf(path, sizeof path, "%s.lock", s->options.store_path);
        s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
        if (s->lock_fd < 0) {
                snprintf(error, sizeof error, "nothing is sent: %.300s: %s", path, strerror(errno));
                sender_trouble(s, error);
                return false;
        }
        if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0) {
                if (store_begin(s->store) == PAWL_OK)
                        return true;
                sender_trouble(s, store_error(s->store));
        }
        close(s->lock_fd);
        s->lock_fd = -1;
        return false;
}

/* ---- A turn ---- */

/* What a turn is about to take; in memory until it is written. */
struct taken {
        struct delivery rows[SENDER_CHANNELS][PAGE];
        size_t count[SENDER_CHANNELS];
        size_t wanted[SENDER_CHANNELS];
        bool expires;
};

static pawl_result write_end(struct sender *s, const struct transfer *t, int64_t now)
{
        const struct verdict *v = &t->verdict;
        const struct delivery *d = &t->delivery;
        const struct carrier *c = &s->carriers[t->channel];

        switch (v->outcome) {
        case OUTCOME_SENT:
                return store_finish(s->store, d->id, true, NULL, v->provider_id[0] ? v->provider_id : NULL, now);
        case OUTCOME_REFUSED:
                return store_finish(s->store, d->id, false, v->text, NULL, now);
        case OUTCOME_UNTRIED:
                return store_requeue(s->store, d->id, now, d->error, false);
        case OUTCOME_HELD:
                return store_requeue(s->store, d->id, now + v->wait, v->text, false);
        default:
                return store_requeue(s->store, d->id, now + carrier_pause(c, d->attempts), v->text, true);
        }
}

static pawl_result write_ends(struct sender *s, int64_t now)
{
        pawl_result result = PAWL_OK;

        for (const struct transfer *t = s->ended.first; t != NULL && result == PAWL_OK; t = t->next)
                result = write_end(s, t, now);
        return result;
}

/* What is due of the channels that want some. */
static pawl_result write_begins(struct sender *s, struct taken *taken, int64_t now)
{
        pawl_result result = PAWL_OK;

        for (int i = 0; i < SENDER_CHANNELS && result == PAWL_OK; i++) {
                if (taken->wanted[i] > 0)
                        result = store_take(s->store, s->carriers[i].options.kind->name, now, taken->wanted[i],
                                            taken->rows[i], &taken->count[i]);
        }
        return result;
}

/* Fills in what the turn is to do. False: nothing. */
static bool plan(struct sender *s, struct taken *taken, int64_t now)
{
        bool anything = s->ended.count > 0, noting = publication_due(s->publication);
        int64_t at;

        for (int i = 0; i < SENDER_CHANNELS; i++) {
                taken->count[i] = taken->wanted[i] = 0;
                if (atomic_load(&s->ending))
                        continue;
                taken->wanted[i] = carrier_wants(&s->carriers[i]);
                if (taken->wanted[i] > PAGE)
                        taken->wanted[i] = PAGE;
                if (taken->wanted[i] > 0 &&
                    (store_next_due(s->store, s->carriers[i].options.kind->name, &at) != PAWL_OK || at > now))
                        taken->wanted[i] = 0;
                anything = anything || taken->wanted[i] > 0;
        }
        taken->expires = store_next_deadline(s->store, &at) == PAWL_OK && at <= now;
        return anything || noting || taken->expires;
}

/* The turn was written: what ended is forgotten, what was taken goes to its carrier. */
static void turn_over(struct sender *s, struct taken *taken, size_t expired)
{
        struct transfer *t;

        while ((t = transfer_pop(&s->ended)) != NULL) {
                if (t->verdict.outcome == OUTCOME_SENT || t->verdict.outcome == OUTCOME_REFUSED)
                        sender_count(s, t->channel, t->verdict.outcome == OUTCOME_SENT ? METRIC_SENT : METRIC_FAILED,
                                     1);
                transfer_free(t);
        }
        publication_noted(s->publication);
        for (int i = 0; i < SENDER_CHANNELS; i++) {
                for (size_t k = 0; k < taken->count[i]; k++) {
                        if (!carrier_add(&s->carriers[i], &taken->rows[i][k])) {
                                sender_trouble(s, "out of memory: a delivery stays open until the next start");
                                delivery_clear(&taken->rows[i][k]);
                        }
                }
        }
        if (expired > 0)
                sender_count(s, -1, METRIC_FAILED, expired);
}

static void turn(struct sender *s, struct taken *taken)
{
        int64_t now = pawl_now(s->options.instance);
        pawl_result result;
        size_t expired = 0;

        if (pawl_monotonic(s->options.instance) < s->write_again || !plan(s, taken, now))
                return;
        result = store_turn(s->store);
        if (result == PAWL_OK) {
                result = write_ends(s, now);
                if (result == PAWL_OK)
                        result = publication_note(s->publication, s->store);
                if (result == PAWL_OK && taken->expires)
                        result = store_expire(s->store, now, PAGE, &expired);
                if (result == PAWL_OK)
                        result = write_begins(s, taken, now);
                result = store_turn_end(s->store, result == PAWL_OK);
        }
        if (result == PAWL_OK) {
                s->write_again = 0;
                s->trouble[0] = '\0';
                turn_over(s, taken, expired);
                return;
        }
        for (int i = 0; i < SENDER_CHANNELS; i++) {
                while (taken->count[i] > 0)
                        delivery_clear(&taken->rows[i][--taken->count[i]]);
        }
        s->write_again = pawl_monotonic(s->options.instance) + WRITE_AGAIN;
        sender_trouble(s, store_error(s->store));
}

/* ---- The thread ---- */

static void collect(struct sender *s)
{
        for (int i = 0; i < SENDER_CHANNELS; i++) {
                struct transfer_list ended = {0};
                struct transfer *t;

                carrier_collect(&s->carriers[i], &ended);
                if (atomic_load(&s->ending))
                        carrier_give_back(&s->carriers[i], &ended);
                while ((t = transfer_pop(&ended)) != NULL) {
                        t->channel = i;
                        transfer_append(&s->ended, t);
                }
        }
}

static void begin(struct sender *s)
{
        for (int i = 0; i < SENDER_CHANNELS; i++) {
                size_t began = carrier_begin(&s->carriers[i]);

                if (began > 0)
                        sender_count(s, i, METRIC_ATTEMPTS, began);
        }
}

static void purge(struct sender *s)
{
        int64_t now = pawl_monotonic(s->options.instance);
        bool more = false;

        if (now < s->purge_at)
                return;
        store_purge(s->store, pawl_now(s->options.instance) - s->options.keep, &more);
        s->purge_at = now + (more ? PURGE_ON : PURGE_EVERY);
}

static int64_t until(int64_t at, int64_t now, int64_t wait)
{
        if (at == INT64_MAX || at - now >= wait)
                return wait;
        return at > now ? at - now : 0;
}

/* How long the thread may sleep when nothing happens on its sockets. */
static int64_t until_next(struct sender *s)
{
        int64_t wait = TURN_MAX, now = pawl_now(s->options.instance), mono = pawl_monotonic(s->options.instance), at;

        if (mono < s->write_again)
                return until(s->write_again, mono, wait);
        if (atomic_load(&s->ending))
                return wait / 20;
        for (int i = 0; i < SENDER_CHANNELS; i++) {
                struct carrier *c = &s->carriers[i];

                if (c->done.count > 0)
                        return 0;
                wait = until(carrier_left(c), 0, wait);
                if (c->waiting.count > 0 || gate_shut(&c->gate, mono))
                        wait = until(carrier_next(c), mono, wait);
                if (carrier_wants(c) > 0 && store_next_due(s->store, c->options.kind->name, &at) == PAWL_OK)
                        wait = until(at, now, wait);
        }
        if (store_next_deadline(s->store, &at) == PAWL_OK)
                wait = until(at, now, wait);
        return wait;
}

static bool over(const struct sender *s)
{
        size_t open = s->ended.count;

        if (!atomic_load(&s->ending))
                return false;
        for (int i = 0; i < SENDER_CHANNELS; i++)
                open += carrier_open(&s->carriers[i]);
        return open == 0 || s->lock_fd < 0 || pawl_monotonic(s->options.instance) >= atomic_load(&s->end_by);
}

static void *run(void *arg)
{
        struct sender *s = arg;
        struct taken *taken = calloc(1, sizeof *taken);

        while (taken != NULL && !over(s)) {
                if (s->lock_fd < 0 && !take_place(s)) {
                        sender_report(s);
                        loop_work(s->loop, TURN_MAX / 4);
                        continue;
                }
                collect(s);
                turn(s, taken);
                if (!atomic_load(&s->ending)) {
                        begin(s);
                        publication_work(s->publication, s->store);
                        purge(s);
                }
                sender_report(s);
                loop_work(s->loop, until_next(s));
        }
        if (taken != NULL && s->lock_fd >= 0)
                turn(s, taken); /* the last acknowledgements */
        free(taken);
        return NULL;
}

void sender_start(struct sender *sender)
{
        sender->started = pthread_create(&sender->thread, NULL, run, sender) == 0;
        if (!sender->started)
                sender_trouble(sender, "the sender's thread cannot be started: nothing is sent");
}

void sender_wake(struct sender *sender)
{
        loop_wake(sender->loop);
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
        struct transfer *t;

        if (s == NULL)
                return;
        while ((t = transfer_pop(&s->ended)) != NULL)
                transfer_free(t);
        for (int i = 0; i < SENDER_CHANNELS; i++)
                carrier_clear(&s->carriers[i]);
        loop_free(&s->loop);
        publication_free(&s->publication);
        store_close(&s->store);
        if (s->lock_fd >= 0)
                close(s->lock_fd);
        pthread_mutex_destroy(&s->mutex);
        free(s);
        *sender = NULL;
}

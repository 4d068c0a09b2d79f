#include "common/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* The places of OUTBOX_STATEMENTS, from the plugin's first one. */
enum { ADD, DUE, REMOVE, REFUSE };

#define OUT_MAX 1000 /* published and not removed yet */

enum slot_state { SLOT_FREE, SLOT_OUT, SLOT_ANSWERED };

/* A row that is published: the host's callback gets it back. */
struct slot {
        struct outbox *outbox;
        int64_t row;
        int32_t status;
        enum slot_state state;
};

struct outbox {
        struct pawl_instance *instance;
        const struct db_design *design;
        int statement;
        char *path;
        struct db *db;     /* the tick's own, opened by the first one */
        int lock_fd;       /* -1: another instance publishes */
        int64_t after;     /* rows up to this one are out, or were */
        char trouble[512]; /* what was said last */
        pthread_mutex_t mutex;
        struct slot slots[OUT_MAX]; /* guarded by mutex: callbacks come on any of the host's threads */
};

bool outbox_add(struct db *db, int statement, const struct outbox_event *event)
{
        return db_run(db, statement + ADD,
                      DB_VALUES(db_text(event->event_id), db_text(event->topic), db_text(event->event_type),
                                db_text(event->key), db_text(event->body), db_text(event->correlation_id)));
}

struct outbox *outbox_new(struct pawl_instance *instance, const char *path, const struct db_design *design,
                          int statement)
{
        struct outbox *o = calloc(1, sizeof *o);

        if (o == NULL)
                return NULL;
        o->instance = instance;
        o->design = design;
        o->statement = statement;
        o->lock_fd = -1;
        o->path = strdup(path);
        pthread_mutex_init(&o->mutex, NULL);
        for (size_t i = 0; i < OUT_MAX; i++)
                o->slots[i].outbox = o;
        if (o->path == NULL)
                outbox_free(&o);
        return o;
}

/* Says what is wrong, once: a tick comes many times a second. */
static bool trouble(struct outbox *o, const char *what)
{
        if (strncmp(o->trouble, what, sizeof o->trouble - 1) != 0)
                pawl_log(o->instance, PAWL_LOG_WARN, "events wait to be published: %s", what);
        snprintf(o->trouble, sizeof o->trouble, "%.*s", (int)sizeof o->trouble - 1, what);
        return false;
}

static bool take_lock(struct outbox *o)
{
        char path[4200], text[4400];

        snprintf(path, sizeof path, "%s.outbox-lock", o->path);
        o->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
        if (o->lock_fd < 0) {
                snprintf(text, sizeof text, "%s: %s", path, strerror(errno));
                return trouble(o, text);
        }
        if (flock(o->lock_fd, LOCK_EX | LOCK_NB) == 0)
                return true;
        close(o->lock_fd);
        o->lock_fd = -1;
        return false;
}

static bool ready(struct outbox *o)
{
        char error[512];

        if (o->lock_fd < 0 && !take_lock(o))
                return false;
        if (o->db == NULL)
                o->db = db_open(o->path, DB_WRITE, o->design, error, sizeof error, NULL);
        return o->db != NULL || trouble(o, error);
}

static bool settle(struct outbox *o, int64_t row, int32_t status)
{
        if (status == PAWL_E_CANCELLED) /* the broker may have it or not: the next one to publish does so again */
                return true;
        if (status == 0)
                return db_run(o->db, o->statement + REMOVE, DB_VALUES(db_int(row)));
        pawl_log(o->instance, PAWL_LOG_ERROR,
                 "outbox row %" PRId64 " of %s cannot be published (error %" PRId32 "): it stays there", row, o->path,
                 status);
        return db_run(o->db, o->statement + REFUSE, DB_VALUES(db_int(status), db_int(row)));
}

/* A copy of the answered slots, so that nothing is written to a file under the lock. */
static size_t answered(struct outbox *o, struct slot *copy)
{
        size_t count = 0;

        pthread_mutex_lock(&o->mutex);
        for (size_t i = 0; i < OUT_MAX; i++) {
                if (o->slots[i].state == SLOT_ANSWERED)
                        copy[count++] = o->slots[i];
        }
        pthread_mutex_unlock(&o->mutex);
        return count;
}

static void free_answered(struct outbox *o, const struct slot *copy, size_t count)
{
        pthread_mutex_lock(&o->mutex);
        for (size_t i = 0, c = 0; i < OUT_MAX && c < count; i++) {
                if (o->slots[i].state == SLOT_ANSWERED && o->slots[i].row == copy[c].row) {
                        o->slots[i].state = SLOT_FREE;
                        c++;
                }
        }
        pthread_mutex_unlock(&o->mutex);
}

/* In one transaction: what makes it durable costs the same for one row as for all. */
static bool settle_answered(struct outbox *o)
{
        struct slot copy[OUT_MAX];
        size_t count = answered(o, copy);
        bool ok = true;

        if (count == 0)
                return true;
        ok = db_begin(o->db);
        for (size_t i = 0; i < count && ok; i++)
                ok = settle(o, copy[i].row, copy[i].status);
        if (!ok || !db_commit(o->db)) {
                db_rollback(o->db);
                return trouble(o, db_error(o->db));
        }
        free_answered(o, copy, count);
        return true;
}

static void published(void *self, void *arg, int32_t status)
{
        struct slot *slot = arg;
        struct outbox *o = slot->outbox;

        (void)self;
        pthread_mutex_lock(&o->mutex);
        slot->status = status;
        slot->state = SLOT_ANSWERED;
        pthread_mutex_unlock(&o->mutex);
}

static struct slot *take_slot(struct outbox *o, int64_t row)
{
        struct slot *found = NULL;

        pthread_mutex_lock(&o->mutex);
        for (size_t i = 0; i < OUT_MAX && found == NULL; i++) {
                if (o->slots[i].state == SLOT_FREE)
                        found = &o->slots[i];
        }
        if (found != NULL) {
                found->row = row;
                found->state = SLOT_OUT;
        }
        pthread_mutex_unlock(&o->mutex);
        return found;
}

/* False: no more can be taken now. */
static bool publish_row(struct outbox *o, int due)
{
        int64_t row = db_column_int(o->db, due, 0);
        struct slot *slot = take_slot(o, row);
        struct pawl_message m;
        int32_t status;

        if (slot == NULL)
                return false;
        m = pawl_message_make(NULL, NULL, db_column_text(o->db, due, 4), db_column_text(o->db, due, 5));
        m.event_id = db_column_text(o->db, due, 1);
        m.topic = db_column_text(o->db, due, 2);
        m.event_type = db_column_text(o->db, due, 3);
        m.correlation_id = db_column_text(o->db, due, 6);
        status = pawl_publish(o->instance, &m, published, slot);
        if (status == PAWL_E_FULL || status == PAWL_E_STATE) {
                pthread_mutex_lock(&o->mutex);
                slot->state = SLOT_FREE;
                pthread_mutex_unlock(&o->mutex);
                return false;
        }
        if (status != 0)
                published(NULL, slot, status);
        o->after = row;
        return true;
}

void outbox_tick(struct outbox *o)
{
        int due = o->statement + DUE, more;

        if (!ready(o) || !settle_answered(o))
                return;
        if (!db_query(o->db, due, DB_VALUES(db_int(o->after), db_int(OUT_MAX)))) {
                trouble(o, db_error(o->db));
                return;
        }
        while ((more = db_next(o->db, due)) == 1 && publish_row(o, due))
                continue;
        db_end(o->db, due);
        if (more < 0)
                trouble(o, db_error(o->db));
        else
                o->trouble[0] = '\0';
}

void outbox_free(struct outbox **outbox)
{
        struct outbox *o = *outbox;

        *outbox = NULL;
        if (o == NULL)
                return;
        if (o->db != NULL)
                settle_answered(o); /* so that a successor need not publish them again */
        db_close(&o->db);
        if (o->lock_fd >= 0)
                close(o->lock_fd);
        pthread_mutex_destroy(&o->mutex);
        free(o->path);
        free(o);
}

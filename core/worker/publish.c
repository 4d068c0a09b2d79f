#include "worker/publish.h"

#include "base/memory.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct publish_list {
        struct publish *first;
        struct publish *last;
};

struct publish_queue {
        pthread_mutex_t lock; /* "publish": everything below */
        size_t max_count;
        size_t max_bytes;
        size_t count; /* accepted and not answered */
        size_t bytes;
        struct publish_list waiting;  /* for the main thread */
        struct publish_list answered; /* for a pool thread */
        void (*wake)(void *arg);
        void *wake_arg;
};

struct publish_queue *publish_queue_new(size_t max_count, size_t max_bytes, void (*wake)(void *arg), void *arg)
{
        struct publish_queue *q = memory_zero(1, sizeof *q);

        pthread_mutex_init(&q->lock, NULL);
        q->max_count = max_count;
        q->max_bytes = max_bytes;
        q->wake = wake;
        q->wake_arg = arg;
        return q;
}

static void list_add(struct publish_list *list, struct publish *p)
{
        p->next = NULL;
        if (list->last != NULL)
                list->last->next = p;
        else
                list->first = p;
        list->last = p;
}

static struct publish *list_first(struct publish_list *list)
{
        struct publish *p = list->first;

        if (p != NULL) {
                list->first = p->next;
                if (list->first == NULL)
                        list->last = NULL;
        }
        return p;
}

/* How many publications of an instance are not over yet stands in the instance, so that a retired one is asked cheaply. */
static void end(struct publish *p)
{
        atomic_fetch_sub_explicit(&p->instance->publishing, 1, memory_order_release);
        free(p->message);
        free(p);
}

void publish_queue_free(struct publish_queue **queue)
{
        struct publish_queue *q = *queue;
        struct publish *p;

        *queue = NULL;
        if (q == NULL)
                return;
        while ((p = list_first(&q->waiting)) != NULL || (p = list_first(&q->answered)) != NULL) {
                free(p->message);
                free(p);
        }
        pthread_mutex_destroy(&q->lock);
        free(q);
}

int32_t publish_put(struct publish_queue *q, struct plugin_instance *in, struct emit *message, pawl_published_fn *done,
                    void *arg)
{
        struct publish *p = memory_zero(1, sizeof *p);
        int32_t status = 0;
        bool due = false;

        p->instance = in;
        p->message = message;
        p->done = done;
        p->arg = arg;
        pthread_mutex_lock(&q->lock);
        /* A single message that is larger than the limit goes when nothing else is out. */
        if (q->count >= q->max_count || (q->count > 0 && q->bytes + message->bytes > q->max_bytes)) {
                status = PAWL_E_FULL;
        } else {
                q->count++;
                q->bytes += message->bytes;
                atomic_fetch_add_explicit(&in->publishing, 1, memory_order_relaxed);
                due = q->waiting.first == NULL;
                list_add(&q->waiting, p);
        }
        pthread_mutex_unlock(&q->lock);
        if (status != 0)
                free(p);
        if (due && q->wake != NULL)
                q->wake(q->wake_arg);
        return status;
}

struct publish *publish_take(struct publish_queue *q)
{
        struct publish *all;

        pthread_mutex_lock(&q->lock);
        all = q->waiting.first;
        q->waiting.first = q->waiting.last = NULL;
        pthread_mutex_unlock(&q->lock);
        return all;
}

bool publish_answer(struct publish_queue *q, struct publish *p, int32_t status)
{
        bool callback = p->done != NULL;

        pthread_mutex_lock(&q->lock);
        assert(q->count > 0 && q->bytes >= p->message->bytes);
        q->count--;
        q->bytes -= p->message->bytes;
        p->status = status;
        if (callback)
                list_add(&q->answered, p);
        pthread_mutex_unlock(&q->lock);
        if (!callback)
                end(p);
        return callback;
}

size_t publish_call(struct publish_queue *q, size_t max)
{
        struct publish *p;
        size_t n;

        for (n = 0; n < max; n++) {
                pthread_mutex_lock(&q->lock);
                p = list_first(&q->answered);
                pthread_mutex_unlock(&q->lock);
                if (p == NULL)
                        break;
                p->done(p->instance->self, p->arg, p->status);
                end(p);
        }
        return n;
}

size_t publish_pending(const struct publish_queue *q, const struct plugin_instance *in)
{
        (void)q;
        return atomic_load_explicit(&in->publishing, memory_order_acquire);
}

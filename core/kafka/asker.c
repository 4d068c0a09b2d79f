#include "kafka/asker.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

#define CALL_MS  1000 /* an asker that stops waits for the call under way: SIGTERM must not wait long */
#define PAUSE_MS 300

struct job {
        struct job *next;
        struct asker_answer answer;
};

struct asker {
        rd_kafka_t *rk;
        int wake_fd;
        pthread_t thread;
        pthread_mutex_t lock; /* guards everything below */
        pthread_cond_t changed;
        struct job *questions;
        struct job *answers;
        uint32_t cancelled;
        bool stopping;
};

static void append(struct job **list, struct job *job)
{
        while (*list != NULL)
                list = &(*list)->next;
        job->next = NULL;
        *list = job;
}

static void job_free(struct job *job)
{
        asker_answer_free(&job->answer);
        free(job);
}

void asker_answer_free(struct asker_answer *answer)
{
        if (answer->list != NULL)
                rd_kafka_topic_partition_list_destroy(answer->list);
        free(answer->low);
        free(answer->high);
        memset(answer, 0, sizeof *answer);
}

/* ---- the questions, on the helper's thread ---- */

static rd_kafka_resp_err_t ask_marks(rd_kafka_t *rk, struct asker_answer *a, int i)
{
        const rd_kafka_topic_partition_t *p = &a->list->elems[i];
        rd_kafka_resp_err_t code =
            rd_kafka_query_watermark_offsets(rk, p->topic, p->partition, &a->low[i], &a->high[i], CALL_MS);

        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
                snprintf(a->text, sizeof a->text, "asking for the watermarks of %s [%d]: %s", p->topic,
                         (int)p->partition, rd_kafka_err2str(code));
        return code;
}

static rd_kafka_resp_err_t ask_committed(rd_kafka_t *rk, struct asker_answer *a)
{
        rd_kafka_resp_err_t code = rd_kafka_committed(rk, a->list, CALL_MS);

        for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < a->list->cnt; i++)
                code = a->list->elems[i].err;
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
                snprintf(a->text, sizeof a->text, "asking for the committed offsets: %s", rd_kafka_err2str(code));
                return code;
        }
        /* Where nothing was committed, the start is made a number now: "latest" asked again after a restart would skip what
         * came in between. */
        for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < a->list->cnt; i++) {
                if (a->list->elems[i].offset < 0)
                        code = ask_marks(rk, a, i);
        }
        return code;
}

static rd_kafka_resp_err_t ask_alive(rd_kafka_t *rk, struct asker_answer *a)
{
        const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 0, NULL, &metadata, CALL_MS);

        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
                rd_kafka_metadata_destroy(metadata);
        else
                snprintf(a->text, sizeof a->text, "%s", rd_kafka_err2str(code));
        return code;
}

static rd_kafka_resp_err_t answer_question(rd_kafka_t *rk, struct asker_answer *a)
{
        size_t count = a->list != NULL ? (size_t)a->list->cnt : 0;

        free(a->low);
        free(a->high);
        a->low = memory_zero(count, sizeof *a->low);
        a->high = memory_zero(count, sizeof *a->high);
        for (size_t i = 0; i < count; i++)
                a->low[i] = a->high[i] = -1;
        switch (a->question) {
        case ASK_COMMITTED:
                assert(a->list != NULL);
                return ask_committed(rk, a);
        case ASK_MARKS:
                assert(count == 1);
                return ask_marks(rk, a, 0);
        default:
                return ask_alive(rk, a);
        }
}

static void tell(struct asker *asker, struct job *job)
{
        uint64_t one = 1;

        append(&asker->answers, job);
        if (write(asker->wake_fd, &one, sizeof one) < 0) {
                /* The counter is full, so its reader is awake already. */
        }
}

static struct job *failure_of(const struct job *job)
{
        struct job *failure = memory_zero(1, sizeof *failure);

        failure->answer.question = job->answer.question;
        failure->answer.ticket = job->answer.ticket;
        failure->answer.code = job->answer.code;
        memcpy(failure->answer.text, job->answer.text, sizeof failure->answer.text);
        return failure;
}

static void pause_before_next(struct asker *asker)
{
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += PAUSE_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&asker->changed, &asker->lock, &until);
}

/* Asks until it is answered, cancelled, or the asker stops. Called, and returns, with the lock held. */
static void work_on(struct asker *asker, struct job *job)
{
        while (!asker->stopping && job->answer.ticket > asker->cancelled) {
                pthread_mutex_unlock(&asker->lock);
                job->answer.code = answer_question(asker->rk, &job->answer);
                pthread_mutex_lock(&asker->lock);
                if (job->answer.code == RD_KAFKA_RESP_ERR_NO_ERROR) {
                        job->answer.last = true;
                        tell(asker, job);
                        return;
                }
                tell(asker, failure_of(job));
                if (job->answer.question == ASK_ALIVE) /* its owner decides whether to ask on */
                        break;
                if (!asker->stopping)
                        pause_before_next(asker);
        }
        job_free(job);
}

static void *asker_main(void *arg)
{
        struct asker *asker = arg;

        pthread_mutex_lock(&asker->lock);
        while (!asker->stopping) {
                struct job *job = asker->questions;

                if (job == NULL) {
                        pthread_cond_wait(&asker->changed, &asker->lock);
                        continue;
                }
                asker->questions = job->next;
                work_on(asker, job);
        }
        pthread_mutex_unlock(&asker->lock);
        return NULL;
}

/* ---- the owner's side ---- */

struct asker *asker_start(rd_kafka_t *rk, int wake_fd)
{
        struct asker *asker = memory_zero(1, sizeof *asker);
        pthread_condattr_t attr;

        asker->rk = rk;
        asker->wake_fd = wake_fd;
        pthread_mutex_init(&asker->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&asker->changed, &attr);
        pthread_condattr_destroy(&attr);
        if (pthread_create(&asker->thread, NULL, asker_main, asker) == 0)
                return asker;
        pthread_cond_destroy(&asker->changed);
        pthread_mutex_destroy(&asker->lock);
        free(asker);
        return NULL;
}

void asker_ask(struct asker *asker, enum asker_question question, uint32_t ticket,
               const rd_kafka_topic_partition_list_t *list)
{
        struct job *job = memory_zero(1, sizeof *job);

        job->answer.question = question;
        job->answer.ticket = ticket;
        if (list != NULL)
                job->answer.list = rd_kafka_topic_partition_list_copy(list);
        pthread_mutex_lock(&asker->lock);
        append(&asker->questions, job);
        pthread_cond_signal(&asker->changed);
        pthread_mutex_unlock(&asker->lock);
}

void asker_cancel(struct asker *asker, uint32_t ticket)
{
        pthread_mutex_lock(&asker->lock);
        if (ticket > asker->cancelled)
                asker->cancelled = ticket;
        pthread_cond_signal(&asker->changed);
        pthread_mutex_unlock(&asker->lock);
}

bool asker_take(struct asker *asker, struct asker_answer *answer)
{
        pthread_mutex_lock(&asker->lock);
        struct job *job = asker->answers;
        if (job != NULL)
                asker->answers = job->next;
        pthread_mutex_unlock(&asker->lock);
        if (job == NULL)
                return false;
        *answer = job->answer;
        free(job);
        return true;
}

void asker_stop(struct asker **asker_ptr)
{
        struct asker *asker = *asker_ptr;

        *asker_ptr = NULL;
        if (asker == NULL)
                return;
        pthread_mutex_lock(&asker->lock);
        asker->stopping = true;
        pthread_cond_signal(&asker->changed);
        pthread_mutex_unlock(&asker->lock);
        pthread_join(asker->thread, NULL);
        for (struct job *next, *job = asker->questions; job != NULL; job = next) {
                next = job->next;
                job_free(job);
        }
        for (struct job *next, *job = asker->answers; job != NULL; job = next) {
                next = job->next;
                job_free(job);
        }
        pthread_cond_destroy(&asker->changed);
        pthread_mutex_destroy(&asker->lock);
        free(asker);
}

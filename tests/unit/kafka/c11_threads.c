/*
 * C11's threads by POSIX's, for ThreadSanitizer: librdkafka uses the former, of which gcc 12's and clang 14's sanitizers know
 * nothing, so that a program with librdkafka in it crashes at the first thread. Linked into a test, these come before glibc's.
 * glibc's types are the same on both sides (mtx_t has a pthread_mutex_t's size and layout, cnd_t a pthread_cond_t's).
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t), "other types");

struct start {
        thrd_start_t run;
        void *arg;
};

static void *run_thread(void *arg)
{
        struct start start = *(struct start *)arg;

        free(arg);
        return (void *)(intptr_t)start.run(start.arg);
}

static int result(int error)
{
        return error == 0 ? thrd_success : error == EBUSY ? thrd_busy : error == ETIMEDOUT ? thrd_timedout : thrd_error;
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *arg)
{
        struct start *start = malloc(sizeof *start);

        *start = (struct start){run, arg};
        return result(pthread_create(thread, NULL, run_thread, start));
}

int thrd_join(thrd_t thread, int *status)
{
        void *value = NULL;
        int error = pthread_join(thread, &value);

        if (status != NULL)
                *status = (int)(intptr_t)value;
        return result(error);
}

int thrd_detach(thrd_t thread)
{
        return result(pthread_detach(thread));
}

int mtx_init(mtx_t *mutex, int type)
{
        pthread_mutexattr_t attr;

        pthread_mutexattr_init(&attr);
        if (type & mtx_recursive)
                pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
        return result(pthread_mutex_init((pthread_mutex_t *)mutex, &attr));
}

void mtx_destroy(mtx_t *mutex)
{
        pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int mtx_lock(mtx_t *mutex)
{
        return result(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_trylock(mtx_t *mutex)
{
        return result(pthread_mutex_trylock((pthread_mutex_t *)mutex));
}

int mtx_unlock(mtx_t *mutex)
{
        return result(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

int cnd_init(cnd_t *condition)
{
        return result(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

void cnd_destroy(cnd_t *condition)
{
        pthread_cond_destroy((pthread_cond_t *)condition);
}

int cnd_signal(cnd_t *condition)
{
        return result(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
        return result(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
        return result(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
        return result(pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until));
}

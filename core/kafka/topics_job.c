#include "kafka/topics.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"

/* Everything but `done` belongs to the thread until it has ended. */
struct topics_job {
        struct admin *admin;
        struct topic_spec *specs;
        struct topic_result *results;
        size_t count;
        int64_t timeout_ns;
        bool ok;
        struct pawl_error err;
        int fd;
        bool started;
        pthread_t thread;
        atomic_bool done;
};

static void *run(void *arg)
{
        struct topics_job *job = arg;
        uint64_t one = 1;

        job->ok = topics_create(job->admin, job->specs, job->count, job->timeout_ns, job->results, &job->err);
        atomic_store(&job->done, true);
        if (write(job->fd, &one, sizeof one) < 0) {
                /* Its counter cannot be full: this is its only write. */
        }
        return NULL;
}

static void copy_spec(struct topic_spec *to, const struct topic_spec *from)
{
        struct client_property *config = memory_zero(from->config_count, sizeof *config);

        for (size_t i = 0; i < from->config_count; i++)
                config[i] =
                    (struct client_property){memory_string(from->config[i].name), memory_string(from->config[i].value)};
        *to = *from;
        to->name = memory_string(from->name);
        to->config = config;
}

struct topics_job *topics_job_start(const struct client_options *options, const struct topic_spec *specs, size_t count,
                                    int64_t timeout_ns, struct pawl_error *err)
{
        struct client_options quiet = *options;
        struct topics_job *job = memory_zero(1, sizeof *job);

        quiet.log = NULL; /* would be called on the job's thread */
        job->fd = -1;
        job->timeout_ns = timeout_ns;
        job->specs = memory_zero(count, sizeof *job->specs);
        job->results = memory_zero(count, sizeof *job->results);
        for (; job->count < count; job->count++)
                copy_spec(&job->specs[job->count], &specs[job->count]);
        job->admin = admin_open(&quiet, err);
        if (job->admin == NULL)
                goto failed;
        job->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (job->fd < 0) {
                error_set(err, "eventfd: %s", strerror(errno));
                goto failed;
        }
        if (pthread_create(&job->thread, NULL, run, job) == 0) {
                job->started = true;
                return job;
        }
        error_set(err, "no thread for creating topics");
failed:
        topics_job_destroy(&job);
        return NULL;
}

int topics_job_fd(const struct topics_job *job)
{
        return job->fd;
}

const struct topic_result *topics_job_results(struct topics_job *job, size_t *count, bool *ok, struct pawl_error *err)
{
        if (!atomic_load(&job->done))
                return NULL;
        *count = job->count;
        *ok = job->ok;
        if (!job->ok && err != NULL)
                *err = job->err;
        return job->results;
}

void topics_job_destroy(struct topics_job **job_ptr)
{
        struct topics_job *job = *job_ptr;

        *job_ptr = NULL;
        if (job == NULL)
                return;
        if (job->started)
                pthread_join(job->thread, NULL);
        admin_destroy(&job->admin);
        for (size_t i = 0; i < job->count; i++) {
                for (size_t k = 0; k < job->specs[i].config_count; k++) {
                        free((char *)job->specs[i].config[k].name);
                        free((char *)job->specs[i].config[k].value);
                }
                free((void *)job->specs[i].config);
                free((char *)job->specs[i].name);
        }
        free(job->specs);
        free(job->results);
        if (job->fd >= 0)
                close(job->fd);
        free(job);
}

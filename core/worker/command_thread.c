#include "worker/command_thread.h"

#include "base/buf.h"
#include "base/memory.h"
#include "worker/api.h"
#include "worker/call.h"
#include "worker/crash.h"
#include "worker/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_MAX (256 * 1024)

enum job_state { JOB_NONE, JOB_WAITING, JOB_RUNNING, JOB_DONE };

struct command_thread {
        pthread_t handle;
        pthread_mutex_t lock; /* guards all below but `call` and `wake` */
        pthread_cond_t changed;
        enum job_state state;
        bool stop;
        bool cancelled;
        struct plugin_instance *instance;
        uint32_t command;
        struct pawl_str *argv; /* behind it, in the same block, the texts */
        uint32_t argc;
        int32_t status;
        struct buf output;
        size_t taken;     /* of output */
        struct call call; /* the thread's */
        size_t max_event;
        const _Atomic bool *stopping;
        void (*wake)(void *arg);
        void *wake_arg;
};

/* ---- its thread ---- */

static bool reply(void *arg, struct pawl_str text)
{
        struct command_thread *t = arg;
        bool taken;

        pthread_mutex_lock(&t->lock);
        while (!t->cancelled && t->output.len - t->taken >= BUFFER_MAX)
                pthread_cond_wait(&t->changed, &t->lock);
        taken = !t->cancelled;
        if (taken)
                buf_add(&t->output, text.ptr, text.len);
        pthread_mutex_unlock(&t->lock);
        t->wake(t->wake_arg);
        return taken;
}

static void *thread_main(void *arg)
{
        struct command_thread *t = arg;

        crash_thread(CRASH_OTHER_THREAD);
        call_open(&t->call, t->max_event, t->stopping);
        pthread_mutex_lock(&t->lock);
        while (!t->stop) {
                int32_t status;

                if (t->state != JOB_WAITING) {
                        pthread_cond_wait(&t->changed, &t->lock);
                        continue;
                }
                t->state = JOB_RUNNING;
                pthread_mutex_unlock(&t->lock);
                status = call_command(&t->call, t->instance, t->command, t->argv, t->argc, reply, t);
                pthread_mutex_lock(&t->lock);
                t->status = status;
                t->state = JOB_DONE;
                t->wake(t->wake_arg);
        }
        pthread_mutex_unlock(&t->lock);
        call_close(&t->call);
        return NULL;
}

/* ---- the main thread ---- */

struct command_thread *command_thread_open(size_t max_event, const _Atomic bool *stopping, void (*wake)(void *arg),
                                           void *arg, struct pawl_error *err)
{
        struct command_thread *t = memory_zero(1, sizeof *t);
        int failed;

        t->max_event = max_event;
        t->stopping = stopping;
        t->wake = wake;
        t->wake_arg = arg;
        pthread_mutex_init(&t->lock, NULL);
        pthread_cond_init(&t->changed, NULL);
        failed = thread_start(&t->handle, "commands", thread_main, t);
        if (failed == 0)
                return t;
        error_set(err, "cannot start the commands' thread: %s", strerror(failed));
        pthread_cond_destroy(&t->changed);
        pthread_mutex_destroy(&t->lock);
        free(t);
        return NULL;
}

static void copy_arguments(struct command_thread *t, const char *const *argv, size_t argc)
{
        size_t size = argc * sizeof *t->argv, i;
        char *at;

        for (i = 0; i < argc; i++)
                size += strlen(argv[i]) + 1;
        t->argv = memory_zero(1, size);
        at = (char *)(t->argv + argc);
        for (i = 0; i < argc; i++) {
                size_t len = strlen(argv[i]);

                memcpy(at, argv[i], len + 1);
                t->argv[i] = (struct pawl_str){at, len};
                at += len + 1;
        }
        t->argc = (uint32_t)argc;
}

/* Says which commands there are: `pawlctl PLUGIN help` asks for them. */
static bool no_command(const struct plugin_instance *in, const char *name, struct pawl_error *err)
{
        const struct pawl_array *commands = &in->build->descriptor.plugin.commands;
        struct buf text = {0};

        for (uint32_t i = 0; i < commands->count; i++) {
                struct pawl_command c;

                plugin_item(commands, i, &c, sizeof c);
                buf_printf(&text, "%s%.*s%s%.*s", i > 0 ? ", " : "it has ", (int)c.name.len, c.name.ptr,
                           c.usage.len > 0 ? " " : "", (int)c.usage.len, c.usage.len > 0 ? c.usage.ptr : "");
        }
        error_set(err, "the plugin has no command \"%s\"; %s", name, text.len > 0 ? text.data : "it has none");
        buf_free(&text);
        return false;
}

bool command_thread_begin(struct command_thread *t, struct plugin_instance *in, const char *const *argv, size_t argc,
                          struct pawl_error *err)
{
        uint32_t command;

        if (argc == 0)
                return error_set(err, "expected a command, found nothing");
        if (!call_find_command(in, pawl_text(argv[0]), &command))
                return no_command(in, argv[0], err);
        pthread_mutex_lock(&t->lock);
        t->instance = in;
        t->command = command;
        copy_arguments(t, argv + 1, argc - 1);
        t->cancelled = false;
        t->state = JOB_WAITING;
        pthread_cond_broadcast(&t->changed);
        pthread_mutex_unlock(&t->lock);
        return true;
}

void command_thread_take(struct command_thread *t, struct buf *out, size_t max)
{
        size_t len;

        pthread_mutex_lock(&t->lock);
        len = t->output.len - t->taken < max ? t->output.len - t->taken : max;
        if (len > 0)
                buf_add(out, t->output.data + t->taken, len);
        t->taken += len;
        if (t->taken == t->output.len) {
                buf_clear(&t->output);
                t->taken = 0;
        }
        pthread_cond_broadcast(&t->changed);
        pthread_mutex_unlock(&t->lock);
}

bool command_thread_ended(struct command_thread *t, int32_t *status)
{
        bool ended;

        pthread_mutex_lock(&t->lock);
        ended = t->state == JOB_DONE && t->output.len == t->taken;
        if (ended) {
                *status = t->status;
                t->state = JOB_NONE;
                t->instance = NULL;
                free(t->argv);
                t->argv = NULL;
        }
        pthread_mutex_unlock(&t->lock);
        return ended;
}

void command_thread_cancel(struct command_thread *t)
{
        pthread_mutex_lock(&t->lock);
        t->cancelled = true;
        buf_clear(&t->output);
        t->taken = 0;
        pthread_cond_broadcast(&t->changed);
        pthread_mutex_unlock(&t->lock);
}

bool command_thread_close(struct command_thread **tp)
{
        struct command_thread *t = *tp;
        bool running;

        if (t == NULL)
                return true;
        pthread_mutex_lock(&t->lock);
        t->stop = true;
        t->cancelled = true;
        running = t->state == JOB_WAITING || t->state == JOB_RUNNING;
        pthread_cond_broadcast(&t->changed);
        pthread_mutex_unlock(&t->lock);
        if (running)
                return false;
        pthread_join(t->handle, NULL);
        pthread_cond_destroy(&t->changed);
        pthread_mutex_destroy(&t->lock);
        buf_free(&t->output);
        free(t->argv);
        free(t);
        *tp = NULL;
        return true;
}

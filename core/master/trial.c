#include "master/trial.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "master/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define ERRORS_MAX 1000 /* what a broken child may make the master keep */

static void take_errors(struct trial *trial, const json_t *errors)
{
        size_t i;
        const json_t *text;

        json_array_foreach(errors, i, text)
        {
                if (json_is_string(text) && json_array_size(trial->errors) < ERRORS_MAX)
                        json_array_append_new(trial->errors, json_string(json_string_value(text)));
        }
}

static void on_message(void *arg, struct channel_message *message)
{
        struct trial *trial = arg;
        const char *verb = json_string_value(json_object_get(message->json, "verb"));
        const char *text;

        if (verb != NULL && strcmp(verb, "fatal") == 0) {
                text = json_string_value(json_object_get(message->json, "text"));
                snprintf(trial->last_words, sizeof trial->last_words, "%s", text != NULL ? text : "");
                return;
        }
        if (verb == NULL || strcmp(verb, "trial") != 0)
                return;
        trial->answered = true;
        trial->ok = json_is_true(json_object_get(message->json, "ok"));
        take_errors(trial, json_object_get(message->json, "errors"));
        text = json_string_value(json_object_get(message->json, "swap"));
        if (text != NULL)
                trial->swap = strcmp(text, "beside") == 0 ? TRIAL_SWAP_BESIDE : TRIAL_SWAP_HANDOVER;
}

__attribute__((format(printf, 2, 3))) static void refuse(struct trial *trial, const char *fmt, ...)
{
        struct buf text = {0};
        va_list ap;

        va_start(ap, fmt);
        buf_vprintf(&text, fmt, ap);
        va_end(ap);
        trial->ok = false;
        json_array_append_new(trial->errors, json_textf("plugin %s: %s", trial->plugin, text.data));
        buf_free(&text);
}

static void on_exited(void *arg, int status)
{
        struct trial *trial = arg;
        char how[64], limit[32];

        trial->ended = true;
        child_status_text(status, how);
        if (trial->child.killed)
                refuse(trial, "the trial did not end within %s: create hangs?",
                       text_format_duration(trial->deadline_ns, limit));
        else if (WIFSIGNALED(status))
                refuse(trial, "the trial crashed: %s", how);
        else if (!trial->answered || (trial->ok && WEXITSTATUS(status) != 0))
                refuse(trial, "the trial ended without a verdict: %s%s%s", how,
                       trial->last_words[0] != '\0' ? ": " : "", trial->last_words);
        else if (!trial->ok && json_array_size(trial->errors) == 0)
                refuse(trial, "refused, without a reason");
        trial->done(trial->arg);
}

struct trial *trial_start(struct loop *loop, const struct child_options *options, int64_t deadline_ns,
                          void (*done)(void *arg), void *arg, struct pawl_error *err)
{
        struct trial *trial = memory_zero(1, sizeof *trial);

        trial->plugin = memory_string(options->plugin);
        trial->errors = json_array();
        trial->deadline_ns = deadline_ns;
        trial->done = done;
        trial->arg = arg;
        trial->child.message = on_message;
        trial->child.exited = on_exited;
        trial->child.arg = trial;
        if (child_start(&trial->child, loop, options, err))
                child_kill_at(&trial->child, clock_now() + deadline_ns);
        else
                trial_free(&trial);
        return trial;
}

void trial_said(const struct trial *trial, json_t *texts)
{
        size_t i, k;
        json_t *text;

        json_array_foreach(trial->errors, i, text)
        {
                for (k = 0; k < json_array_size(texts) && !json_equal(json_array_get(texts, k), text); k++)
                        continue;
                if (k == json_array_size(texts))
                        json_array_append(texts, text);
        }
}

void trial_free(struct trial **trial)
{
        struct trial *t = *trial;

        *trial = NULL;
        if (t == NULL)
                return;
        child_clear(&t->child);
        json_decref(t->errors);
        free(t->plugin);
        free(t);
}

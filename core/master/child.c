#include "master/child.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FD     3
#define CLOSED_GRACE (30 * CLOCK_S) /* a worker whose channel is closed drains and exits by itself */

/* Arguments and descriptors of a child; descriptor number i of the child is fds[i - FIRST_FD]. */
struct command_line {
        char **argv;
        size_t argc;
        int *fds;
        size_t fd_count;
};

static void add_word(struct command_line *cl, char *word)
{
        cl->argv = memory_resize(cl->argv, cl->argc + 2, sizeof *cl->argv);
        cl->argv[cl->argc++] = word;
        cl->argv[cl->argc] = NULL;
}

static void add_option(struct command_line *cl, const char *name, const char *value)
{
        add_word(cl, memory_string(name));
        if (value != NULL)
                add_word(cl, memory_string(value));
}

/* Adds a descriptor; returns the number that it will have. */
static int add_fd(struct command_line *cl, int fd)
{
        cl->fds = memory_resize(cl->fds, cl->fd_count + 1, sizeof *cl->fds);
        cl->fds[cl->fd_count] = fd;
        return FIRST_FD + (int)cl->fd_count++;
}

static void add_fd_option(struct command_line *cl, const char *name, int fd)
{
        add_word(cl, memory_string(name));
        add_word(cl, memory_printf("%d", add_fd(cl, fd)));
}

static void make_command_line(struct command_line *cl, const struct child_options *options, int control_fd)
{
        add_option(cl, "pawld", NULL);
        add_option(cl, "--worker", options->plugin);
        add_word(cl, memory_string("--instance"));
        add_word(cl, memory_printf("%u", options->instance));
        if (options->trial != NULL)
                add_option(cl, "--trial", options->trial);
        if (options->hold)
                add_option(cl, "--hold", NULL);
        add_fd_option(cl, "--control-fd", control_fd);
        if (options->scoreboard_fd >= 0)
                add_fd_option(cl, "--scoreboard-fd", options->scoreboard_fd);
        add_fd_option(cl, "--config-fd", options->config_fd);
        if (options->plugin_fd >= 0)
                add_fd_option(cl, "--plugin-fd", options->plugin_fd);
        for (size_t i = 0; i < options->listen_count; i++) {
                add_word(cl, memory_string("--listen"));
                add_word(cl, memory_printf("%s=%d", options->listen[i].name, add_fd(cl, options->listen[i].fd)));
        }
}

static void free_command_line(struct command_line *cl)
{
        for (size_t i = 0; i < cl->argc; i++)
                free(cl->argv[i]);
        free(cl->argv);
        free(cl->fds);
}

/* In the child. Never returns. */
static void exec_child(struct command_line *cl)
{
        const int first_free = FIRST_FD + (int)cl->fd_count;
        sigset_t none;

        /* A process group of its own: Ctrl-C on the terminal is the master's to answer, with a drain. */
        setpgid(0, 0);
        /* First out of the way of each other, then to their places. */
        for (size_t i = 0; i < cl->fd_count; i++) {
                cl->fds[i] = fcntl(cl->fds[i], F_DUPFD_CLOEXEC, first_free);
                if (cl->fds[i] < 0)
                        _exit(127);
        }
        for (size_t i = 0; i < cl->fd_count; i++)
                if (dup2(cl->fds[i], FIRST_FD + (int)i) < 0)
                        _exit(127);
        close_range((unsigned)first_free, ~0u, 0);
        signal(SIGPIPE, SIG_DFL);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execv("/proc/self/exe", cl->argv);
        dprintf(STDERR_FILENO, "pawld: /proc/self/exe: %s\n", strerror(errno));
        _exit(127);
}

static void close_channel(struct child *child)
{
        if (child->channel == NULL)
                return;
        loop_unwatch(child->loop, &child->channel_watch);
        channel_close(&child->channel);
}

/* Takes in one message. */
static enum channel_status receive(struct child *child)
{
        struct channel_message message;
        struct pawl_error err = {0};
        enum channel_status status = channel_receive(child->channel, &message, &err);

        if (status == CHANNEL_OK) {
                child->message(child->arg, &message);
                channel_message_clear(&message);
        } else if (status == CHANNEL_ERROR) {
                log_warn("process %ld: %s", (long)child->pid, err.text);
        } else if (status == CHANNEL_CLOSED) {
                close_channel(child);
        }
        return status;
}

static void on_channel(void *arg)
{
        struct child *child = arg;
        enum channel_status status = CHANNEL_OK;

        for (int i = 0; i < 64 && status != CHANNEL_AGAIN && child->channel != NULL; i++)
                status = receive(child);
        if (child->channel == NULL && child->kill_timer.at == 0)
                child_kill_at(child, clock_now() + CLOSED_GRACE);
}

static void release(struct child *child)
{
        close_channel(child);
        loop_unwatch(child->loop, &child->exit_watch);
        loop_disarm(child->loop, &child->kill_timer);
        if (child->pidfd >= 0)
                close(child->pidfd);
        child->pidfd = -1;
        child->pid = 0;
}

static void on_exit_ready(void *arg)
{
        struct child *child = arg;
        int status = 0;

        if (waitpid(child->pid, &status, WNOHANG) != child->pid)
                return;
        /* What it said last still stands in the channel. */
        for (int i = 0; i < 1024 && child->channel != NULL; i++)
                if (receive(child) == CHANNEL_AGAIN)
                        break;
        release(child);
        child->exited(child->arg, status);
}

static bool watch_child(struct child *child, int fd, struct pawl_error *err)
{
        child->pidfd = pidfd_open(child->pid, 0);
        if (child->pidfd < 0)
                return error_set(err, "pidfd_open: %s", strerror(errno));
        child->channel = channel_open(fd, err);
        return child->channel != NULL &&
               loop_watch(child->loop, &child->exit_watch, child->pidfd, on_exit_ready, child, err) &&
               loop_watch(child->loop, &child->channel_watch, fd, on_channel, child, err);
}

bool child_start(struct child *child, struct loop *loop, const struct child_options *options, struct pawl_error *err)
{
        struct command_line cl = {0};
        int fds[2];

        child->loop = loop;
        child->pidfd = -1;
        child->killed = false;
        if (!channel_pair(fds, err))
                return error_prefix(err, "plugin %s", options->plugin);
        make_command_line(&cl, options, fds[1]);
        child->pid = fork();
        if (child->pid == 0)
                exec_child(&cl);
        free_command_line(&cl);
        close(fds[1]);
        if (child->pid < 0) {
                child->pid = 0;
                close(fds[0]);
                return error_set(err, "plugin %s: fork: %s", options->plugin, strerror(errno));
        }
        if (watch_child(child, fds[0], err))
                return true;
        if (child->channel == NULL)
                close(fds[0]);
        child_clear(child);
        return error_prefix(err, "plugin %s", options->plugin);
}

bool child_send(struct child *child, json_t *message, const int *fds, unsigned fd_count, struct pawl_error *err)
{
        bool sent = false;

        if (child->channel == NULL)
                error_set(err, "process %ld has closed its control channel", (long)child->pid);
        else
                sent = channel_send(child->channel, message, fds, fd_count, err) == CHANNEL_OK;
        json_decref(message);
        return sent;
}

void child_pause(struct child *child, bool paused)
{
        struct pawl_error err = {0};

        if (child->channel == NULL || paused == (child->channel_watch.fd < 0))
                return;
        if (paused)
                loop_unwatch(child->loop, &child->channel_watch);
        else if (!loop_watch(child->loop, &child->channel_watch, channel_fd(child->channel), on_channel, child, &err))
                log_error("process %ld: %s", (long)child->pid, err.text);
}

void child_kill(struct child *child)
{
        if (child->pid == 0)
                return;
        child->killed = true;
        kill(child->pid, SIGKILL);
}

static void on_kill_time(void *arg)
{
        struct child *child = arg;

        log_warn("process %ld has outrun its deadline and is killed", (long)child->pid);
        child_kill(child);
}

void child_kill_at(struct child *child, int64_t at)
{
        if (child->pid != 0)
                loop_arm(child->loop, &child->kill_timer, at, on_kill_time, child);
}

void child_clear(struct child *child)
{
        if (child->pid == 0)
                return;
        kill(child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
                continue;
        release(child);
}

const char *child_status_text(int status, char out[static 64])
{
        if (WIFSIGNALED(status)) {
                const char *name = sigabbrev_np(WTERMSIG(status));

                snprintf(out, 64, "killed by SIG%s", name != NULL ? name : "?");
        } else {
                snprintf(out, 64, "exit status %d", WEXITSTATUS(status));
        }
        return out;
}

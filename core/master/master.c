#include "master/master.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "master/admin.h"
#include "master/commands.h"
#include "master/master_private.h"
#include "master/notify.h"
#include "master/reload.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define READY_WAIT (30 * CLOCK_S) /* systemd is told after this at the latest: a plugin may take its time to create */

/* -- the hosted plugins */

struct hosted *master_plugin(const struct master *m, const char *name)
{
        for (size_t i = 0; i < m->plugin_count; i++)
                if (strcmp(m->plugins[i]->name, name) == 0)
                        return m->plugins[i];
        return NULL;
}

void master_add_plugin(struct master *m, struct hosted *hosted)
{
        m->plugins = memory_resize(m->plugins, m->plugin_count + 1, sizeof(struct hosted *));
        m->plugins[m->plugin_count++] = hosted;
}

void master_drop_plugin(struct master *m, struct hosted *hosted)
{
        size_t at = 0;

        while (m->plugins[at] != hosted)
                at++;
        m->plugin_count--;
        memmove(m->plugins + at, m->plugins + at + 1, (m->plugin_count - at) * sizeof(struct hosted *));
        hosted_free(&hosted);
}

static bool seat_settled(const struct seat *seat)
{
        return seat->last_death[0] != '\0' || (seat->current != NULL && seat->current->state != PROCESS_STARTING);
}

/* systemd hears "ready" when every worker has come up, or has shown that it does not. */
static void say_ready(struct master *m)
{
        char status[64];
        size_t seats = 0;

        if (m->ready_said || m->state != MASTER_RUNNING)
                return;
        for (size_t i = 0; i < m->plugin_count; i++) {
                for (size_t n = 0; n < m->plugins[i]->seat_count; n++, seats++)
                        if (!seat_settled(m->plugins[i]->seats[n]) && clock_now() - m->began < READY_WAIT)
                                return;
        }
        m->ready_said = true;
        snprintf(status, sizeof status, "%zu workers, %zu plugins", seats, m->plugin_count);
        notify_ready(status);
}

static void on_settled(void *arg)
{
        say_ready(arg);
}

static void on_reply(void *arg, struct seat *seat, const json_t *message)
{
        const struct master *m = arg;

        commands_reply(m->commands, seat, message);
}

static void on_lost(void *arg, struct seat *seat, const char *why)
{
        const struct master *m = arg;

        commands_lost(m->commands, seat, why);
}

struct hosted_calls master_hosted_calls(struct master *m)
{
        return (struct hosted_calls){.settled = on_settled, .reply = on_reply, .lost = on_lost, .arg = m};
}

/* -- stopping */

static void end_if_empty(struct master *m)
{
        if (m->stopping > 0)
                return;
        m->ended = true;
        admin_drained(m->admin);
}

static void on_seat_stopped(void *arg, struct seat *seat, const struct seat_result *result)
{
        struct master *m = arg;

        if (!result->ok) {
                log_error("worker %s/%u %s; what it had in hand is handled again", seat->plugin, seat->number,
                          result->error);
                m->exit_status = MASTER_EXIT_FAILED;
        }
        m->stopping--;
        end_if_empty(m);
}

static int64_t drain_time(const struct master *m, const struct hosted *hosted)
{
        int64_t host = m->accepted->cfg->drain;

        return hosted->plugin->drain < host ? hosted->plugin->drain : host;
}

void master_stop(struct master *m, const char *why)
{
        bool again = m->state == MASTER_STOPPING;

        log_info(again ? "%s: stops without waiting any longer" : "%s: drains, leaves the groups and stops", why);
        m->state = MASTER_STOPPING;
        notify_stopping("draining");
        if (!again)
                reload_break_off(m->reloads);
        if (!again)
                m->stopping = 1; /* until all are told: one without a process ends at once */
        for (size_t i = 0; i < m->plugin_count; i++) {
                const struct hosted *h = m->plugins[i];

                for (size_t n = 0; n < h->seat_count; n++) {
                        if (again) {
                                seat_stop(h->seats[n], clock_now(), NULL, NULL);
                                continue;
                        }
                        m->stopping++;
                        seat_stop(h->seats[n], clock_now() + drain_time(m, h), on_seat_stopped, m);
                }
        }
        if (!again) {
                m->stopping--;
                end_if_empty(m);
        }
}

static void tell_workers(const struct master *m, const char *level, const char *format)
{
        for (size_t i = 0; i < m->plugin_count; i++)
                for (size_t n = 0; n < m->plugins[i]->seat_count; n++)
                        if (m->plugins[i]->seats[n]->current != NULL)
                                process_log_level(m->plugins[i]->seats[n]->current, level, format);
}

void master_log_level(struct master *m, enum log_level level)
{
        log_set_level(level);
        tell_workers(m, log_level_name(level), NULL);
}

void master_log_format(struct master *m, enum log_format format)
{
        static const char *const names[] = {[LOG_FORMAT_AUTO] = "auto",
                                            [LOG_FORMAT_PRETTY] = "pretty",
                                            [LOG_FORMAT_LOGFMT] = "logfmt",
                                            [LOG_FORMAT_JSON] = "json"};

        log_set_format(format);
        tell_workers(m, NULL, names[format]);
}

/* -- signals and the tick */

static void on_reloaded(void *arg, const json_t *outcome)
{
        const struct master *m = arg;

        (void)outcome;
        if (m->state == MASTER_RUNNING)
                notify_ready("running");
}

static void on_signal(void *arg)
{
        struct master *m = arg;
        struct signalfd_siginfo info;

        if (read(m->signal_watch.fd, &info, sizeof info) != (ssize_t)sizeof info)
                return;
        if (info.ssi_signo != SIGHUP) {
                master_stop(m, info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
        } else if (m->state == MASTER_STOPPING) {
                log_warn("SIGHUP: no reload while pawld stops");
        } else {
                notify_reloading();
                reload_request(m->reloads, NULL, on_reloaded, m);
        }
}

static void on_tick(void *arg)
{
        struct master *m = arg;
        int64_t interval = notify_watchdog_interval();

        log_tick();
        say_ready(m);
        if (interval > 0)
                notify_alive();
        if (interval == 0 || interval > CLOCK_S)
                interval = CLOCK_S;
        loop_arm(m->loop, &m->tick, clock_now() + interval, on_tick, m);
}

static bool watch_signals(struct master *m, struct pawl_error *err)
{
        sigset_t set;
        int fd;

        signal(SIGPIPE, SIG_IGN);
        sigemptyset(&set);
        sigaddset(&set, SIGHUP);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigprocmask(SIG_BLOCK, &set, NULL);
        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd < 0)
                return error_set(err, "signalfd: %s", strerror(errno));
        return loop_watch(m->loop, &m->signal_watch, fd, on_signal, m, err);
}

/* -- the life */

static void on_started(void *arg, const json_t *outcome)
{
        struct master *m = arg;

        if (m->state == MASTER_STOPPING)
                return;
        /* The outcome is "not ok" too when it was accepted and a worker died: that is supervision's to mend. */
        if (json_is_true(json_object_get(outcome, "refused"))) {
                m->exit_status = MASTER_EXIT_FAILED;
                m->ended = true;
        } else {
                say_ready(m);
        }
}

static bool open_master(struct master *m, const struct config *cfg, struct pawl_error *err)
{
        m->loop = loop_new(err);
        return m->loop != NULL && rundir_make(cfg->run_dir, err) && rundir_make(cfg->state_dir, err) &&
               (m->lock_fd = rundir_lock(cfg->run_dir, err)) >= 0 && rundir_host_id(cfg->state_dir, m->host_id, err) &&
               watch_signals(m, err);
}

static void close_master(struct master *m)
{
        if (m->reloads != NULL)
                reloads_free(&m->reloads);
        admin_close(&m->admin);
        commands_free(&m->commands);
        while (m->plugin_count > 0)
                master_drop_plugin(m, m->plugins[m->plugin_count - 1]);
        free(m->plugins);
        sockets_clear(&m->sockets);
        generation_release(&m->accepted);
        if (m->loop != NULL) {
                int fd = m->signal_watch.fd;

                loop_disarm(m->loop, &m->tick);
                loop_unwatch(m->loop, &m->signal_watch);
                if (m->signal_watch.ready != NULL)
                        close(fd);
        }
        loop_free(&m->loop);
        if (m->lock_fd >= 0)
                close(m->lock_fd);
}

static void run(struct master *m, struct generation *generation)
{
        m->reloads = reloads_new(m);
        m->commands = commands_new(m->loop);
        log_info("pawld %s, process %ld, host id %s", PAWL_VERSION, (long)getpid(), m->host_id);
        reload_start(m->reloads, generation, on_started, m);
        loop_arm(m->loop, &m->tick, clock_now() + CLOCK_S, on_tick, m);
        while (!m->ended || admin_busy(m->admin))
                loop_turn(m->loop, clock_now() + CLOCK_S);
}

int master_main(const char *config_file)
{
        struct config_errors problems = {0};
        struct generation *generation = generation_read(config_file, &problems);
        struct master m = {.config_file = config_file, .lock_fd = -1, .started_at = clock_wall(), .began = clock_now()};
        struct pawl_error err = {0};

        if (generation != NULL)
                generation_print_problems(&problems);
        config_errors_free(&problems);
        if (generation == NULL) { /* whoever mends it wants to know all that is wrong, also what only trials find */
                master_check(config_file);
                return MASTER_EXIT_FAILED;
        }
        log_set_plugin("pawld");
        log_open((enum log_format)generation->cfg->log_format, (enum log_level)generation->cfg->log_level);
        m.signal_watch.fd = -1;
        if (!open_master(&m, generation->cfg, &err) || (m.admin = admin_open(&m, generation->cfg, &err)) == NULL) {
                log_error("%s", err.text);
                generation_release(&generation);
                m.exit_status = MASTER_EXIT_FAILED;
        } else {
                config_use_host_id(generation->cfg, m.host_id);
                run(&m, generation);
        }
        close_master(&m);
        log_close();
        return m.exit_status;
}

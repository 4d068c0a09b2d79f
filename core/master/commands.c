#include "master/commands.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "master/json_text.h"

#include <stdlib.h>
#include <string.h>

#define BACKLOG_MAX  (1024 * 1024)
#define STALL_MAX    (30 * CLOCK_S)
#define COMMANDS_MAX 64

struct command {
        struct commands *commands;
        uint64_t id;
        struct seat *seat; /* NULL once it has ended */
        struct buf out;
        size_t read; /* of `out` */
        struct loop_timer stall;
        void (*wake)(void *arg);
        void *arg;
        struct command *next;
};

struct commands {
        struct loop *loop;
        struct command *first;
        unsigned count;
        uint64_t last_id;
};

struct commands *commands_new(struct loop *loop)
{
        struct commands *commands = memory_zero(1, sizeof *commands);

        commands->loop = loop;
        return commands;
}

void commands_free(struct commands **commands)
{
        struct commands *all = *commands;

        *commands = NULL;
        while (all != NULL && all->first != NULL) {
                struct command *command = all->first;

                /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): command_end took the one before out of the list */
                command->seat = NULL;
                command_end(&command);
        }
        free(all);
}

static size_t backlog(const struct command *command)
{
        return command->out.len - command->read;
}

/* The worker is listened to unless one of its commands has more output waiting than there is room for. */
static void pace(struct commands *commands, struct seat *seat)
{
        bool full = false;

        if (seat == NULL || seat->current == NULL)
                return;
        for (const struct command *c = commands->first; c != NULL; c = c->next)
                full = full || (c->seat == seat && backlog(c) > BACKLOG_MAX);
        child_pause(&seat->current->child, full);
}

/* Adds the last line; what the worker says of it from now on is dropped. */
static void conclude(struct command *command, json_t *line)
{
        char *text = json_dumps(line, JSON_COMPACT);
        struct seat *seat = command->seat;

        json_decref(line);
        if (text != NULL)
                buf_printf(&command->out, "%s\n", text);
        free(text);
        command->seat = NULL;
        loop_disarm(command->commands->loop, &command->stall);
        pace(command->commands, seat);
        command->wake(command->arg);
}

static void on_stall(void *arg)
{
        struct command *command = arg;

        log_warn("a client of the admin socket does not read its command's output; the command is given up");
        conclude(command, json_pack("{ss}", "error", "the output was not read for 30 s"));
}

struct command *command_start(struct commands *commands, struct seat *seat, json_t *argv, void (*wake)(void *arg),
                              void *arg, struct pawl_error *err)
{
        struct command *command;
        uint64_t id = ++commands->last_id;

        if (commands->count >= COMMANDS_MAX) {
                error_set(err, "%d commands are under way already; try again later", COMMANDS_MAX);
                return NULL;
        }
        if (seat->current == NULL || seat->current->state != PROCESS_SERVING) {
                error_set(err, "the worker %s/%u is %s; commands need one that serves", seat->plugin, seat->number,
                          seat_state_name(seat));
                return NULL;
        }
        if (!child_send(&seat->current->child,
                        json_pack("{ss, sI, sO}", "verb", "command", "id", (json_int_t)id, "argv", argv), NULL, 0, err))
                return NULL;
        command = memory_zero(1, sizeof *command);
        *command = (struct command){
            .commands = commands, .id = id, .seat = seat, .wake = wake, .arg = arg, .next = commands->first};
        commands->first = command;
        commands->count++;
        return command;
}

ptrdiff_t command_read(struct command *command, char *out, size_t max)
{
        size_t take = backlog(command) < max ? backlog(command) : max;

        if (take == 0)
                return command->seat == NULL ? -1 : 0;
        memcpy(out, command->out.data + command->read, take);
        command->read += take;
        if (command->read >= backlog(command)) { /* moved at most once for each byte that is read */
                memmove(command->out.data, command->out.data + command->read, backlog(command));
                command->out.len = backlog(command);
                command->read = 0;
        }
        loop_disarm(command->commands->loop, &command->stall);
        if (backlog(command) > BACKLOG_MAX)
                loop_arm(command->commands->loop, &command->stall, clock_now() + STALL_MAX, on_stall, command);
        pace(command->commands, command->seat);
        return (ptrdiff_t)take;
}

void command_end(struct command **command)
{
        struct command *c = *command;
        struct command **at;

        *command = NULL;
        if (c == NULL)
                return;
        at = &c->commands->first;
        while (*at != c)
                at = &(*at)->next;
        *at = c->next;
        c->commands->count--;
        loop_disarm(c->commands->loop, &c->stall);
        pace(c->commands, c->seat);
        buf_free(&c->out);
        free(c);
}

void commands_reply(struct commands *commands, struct seat *seat, const json_t *message)
{
        uint64_t id = (uint64_t)json_integer_value(json_object_get(message, "id"));
        json_t *text = json_object_get(message, "text");
        struct command *command = commands->first;

        while (command != NULL && (command->id != id || command->seat != seat))
                command = command->next;
        if (command == NULL)
                return;
        if (json_is_string(text)) {
                buf_add_text(&command->out, "{\"text\":");
                buf_add_json_string(&command->out, json_string_value(text), json_string_length(text));
                buf_add_text(&command->out, "}\n");
                if (backlog(command) > BACKLOG_MAX && command->stall.at == 0)
                        loop_arm(commands->loop, &command->stall, clock_now() + STALL_MAX, on_stall, command);
        }
        if (json_is_integer(json_object_get(message, "status")))
                conclude(command, json_pack("{sO}", "status", json_object_get(message, "status")));
        else if (json_is_string(json_object_get(message, "error")))
                conclude(command, json_pack("{sO}", "error", json_object_get(message, "error")));
        else
                command->wake(command->arg);
        pace(commands, seat);
}

void commands_lost(struct commands *commands, const struct seat *seat, const char *why)
{
        struct command *next;

        for (struct command *c = commands->first; c != NULL; c = next) {
                next = c->next;
                if (c->seat == seat)
                        conclude(c, json_pack("{so}", "error", json_textf("the worker ended meanwhile: %s", why)));
        }
}

#include "master/hosted.h"

#include "base/memory.h"

#include <stdlib.h>

static void source_of(void *arg, struct seat_source *source)
{
        const struct hosted *hosted = arg;

        *source = (struct seat_source){
            .generation = hosted->generation,
            .plugin = hosted->plugin,
            .build = hosted->build.id,
            .plugin_fd = hosted->build.id[0] != '\0' ? hosted->build.fd : -1,
            .listen = hosted->listen,
            .listen_count = hosted->listen_count,
        };
}

static void on_settled(void *arg, struct seat *seat)
{
        const struct hosted *hosted = arg;

        (void)seat;
        hosted->calls.settled(hosted->calls.arg);
}

static void on_reply(void *arg, struct seat *seat, const json_t *message)
{
        const struct hosted *hosted = arg;

        hosted->calls.reply(hosted->calls.arg, seat, message);
}

static void on_lost(void *arg, struct seat *seat, const char *why)
{
        const struct hosted *hosted = arg;

        hosted->calls.lost(hosted->calls.arg, seat, why);
}

struct hosted *hosted_new(struct loop *loop, const char *name, const struct hosted_calls *calls)
{
        struct hosted *hosted = memory_zero(1, sizeof *hosted);

        hosted->name = memory_string(name);
        hosted->loop = loop;
        hosted->build.fd = -1;
        hosted->calls = *calls;
        hosted->owner = (struct seat_owner){
            .source = source_of, .settled = on_settled, .reply = on_reply, .lost = on_lost, .arg = hosted};
        return hosted;
}

void hosted_free(struct hosted **hosted)
{
        struct hosted *h = *hosted;

        *hosted = NULL;
        if (h == NULL)
                return;
        hosted_drop_seats(h, 0);
        free(h->seats);
        build_clear(&h->build);
        free(h->listen);
        generation_release(&h->generation);
        free(h->name);
        free(h);
}

void hosted_accept(struct hosted *hosted, struct generation *generation, const struct config_plugin *plugin,
                   struct build *build, const int *listen_fds)
{
        struct generation *old = hosted->generation;

        hosted->generation = generation_hold(generation);
        generation_release(&old);
        hosted->plugin = plugin;
        build_move(&hosted->build, build);
        hosted->listen = memory_resize(hosted->listen, plugin->listen_count, sizeof *hosted->listen);
        hosted->listen_count = plugin->listen_count;
        for (size_t i = 0; i < plugin->listen_count; i++)
                hosted->listen[i] = (struct child_listen){.name = plugin->listen[i].name, .fd = listen_fds[i]};
}

struct seat *hosted_add_seat(struct hosted *hosted)
{
        struct seat *seat = seat_new(hosted->loop, hosted->name, (unsigned)hosted->seat_count, &hosted->owner);

        hosted->seats = memory_resize(hosted->seats, hosted->seat_count + 1, sizeof *hosted->seats);
        hosted->seats[hosted->seat_count++] = seat;
        return seat;
}

void hosted_drop_seats(struct hosted *hosted, size_t count)
{
        while (hosted->seat_count > count)
                seat_free(&hosted->seats[--hosted->seat_count]);
}

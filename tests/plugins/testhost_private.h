/*
 * The inside of the test host, for its two files: testhost.c (lives) and testhost_feed.c (events and what comes of them).
 */
#ifndef PAWL_TEST_TESTHOST_PRIVATE_H
#define PAWL_TEST_TESTHOST_PRIVATE_H

#include "base/scoreboard.h"
#include "config/config.h"
#include "testhost.h"
#include "worker/api.h"

struct testhost {
        char *so;
        char *settings;
        char *name;
        char *dir;
        char *file;        /* of the configuration that the settings are said to stand in */
        char *private_dir; /* of the builds' copies */
        bool own_dir;
        bool only_create;
        struct api *api;
        struct scoreboard *scoreboard;
        struct plugin_instance *instance;
        struct config *cfg; /* where the instance's settings came from */
        struct call call;
        _Atomic bool stopping;
        int wake_fd;
        uint64_t generation;
        int64_t next_offset;
        uint32_t slot; /* of the event last fed */
        struct ticket_completion *completions;
        struct publish *published;
        char health[SCOREBOARD_TEXT_MAX];
};

/* Takes what has come into the two lists. */
void testhost_collect(struct testhost *h);

#endif

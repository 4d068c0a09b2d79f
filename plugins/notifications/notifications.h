/*
 * What the parts of the plugin share: the instance. Only notifications.c, handling.c and the commands.
 */
#ifndef NOTIFICATIONS_NOTIFICATIONS_H
#define NOTIFICATIONS_NOTIFICATIONS_H

#include "directory.h"
#include "routing.h"
#include "sender.h"
#include "store.h"
#include "template.h"

#include <pawl/plugin.h>
#include <pthread.h>

struct notifications {
        struct pawl_instance *instance;
        struct template_set *templates;
        struct routing *routing;
        struct people regions; /* the mailboxes of the settings, PERSON_REGION naming whose */
        struct sender *sender;
        const char *language;           /* of whom no language is known of; a setting, as the next ones */
        const char *time_zone;          /* of whom no zone is known of */
        const char *unsubscribe_url;    /* "" for none */
        bool configured[ADDRESS_KINDS]; /* the channels that there are settings of */
        int64_t deadline;
        char store_path[4096];
        char directory_path[4096];

        const char *people_path; /* the file that fills the directory at start; NULL: none */
        char people_state[64];   /* its version */
        struct people people;    /* who stands in it, until they are in the directory */

        pthread_mutex_t mutex; /* guards the rest, which the handlers' threads share */
        struct store *store;
        struct directory *directory;
};

/* handling.c: takes every event that can be told of. */
pawl_handler_fn notifications_on_event;

/* recipients_command.c, preview.c */
pawl_command_fn notifications_recipients;
pawl_command_fn notifications_preview;

#endif

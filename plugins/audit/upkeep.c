#include "upkeep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct upkeep {
        struct pawl_instance *instance;
        const char *name; /* of the chain's file */
        struct key *key;  /* NULL: no checkpoints */
        struct retention *retention;
        const char *folder; /* of the checkpoints' file */
        int64_t interval;   /* of checkpoints */
        int64_t last;       /* the wall clock at the last one; -1: none; INT64_MIN: not read yet */
};

/* A key that cannot be read, or a folder that cannot be written, is said at the start and not a day later. */
static bool read_settings(struct upkeep *upkeep)
{
        struct pawl_instance *instance = upkeep->instance;
        const char *key = pawl_setting_string(instance, "checkpoint_key").ptr;
        const char *folder = pawl_setting_string(instance, "checkpoint_folder").ptr;
        char error[512];

        upkeep->folder = folder != NULL ? folder : pawl_about_state_dir(instance).ptr;
        upkeep->interval = pawl_setting_int(instance, "checkpoint_interval");
        upkeep->last = INT64_MIN;
        upkeep->retention = retention_new(instance);
        if (upkeep->retention == NULL)
                return false;
        if (key == NULL && retention_any(upkeep->retention))
                return pawl_fail(instance, "retention: expected a checkpoint_key too, found none: "
                                           "what tells of removed entries is signed");
        if (key == NULL)
                return true;
        upkeep->key = key_read_private(key, error, sizeof error);
        if (upkeep->key == NULL)
                return pawl_fail(instance, "checkpoint_key: %s", error);
        if (folder != NULL && access(folder, W_OK | X_OK) != 0)
                return pawl_fail(instance, "checkpoint_folder: %s: %s", folder, strerror(errno));
        return true;
}

struct upkeep *upkeep_new(struct pawl_instance *instance, const char *name)
{
        struct upkeep *upkeep = calloc(1, sizeof *upkeep);

        if (upkeep == NULL) {
                pawl_fail(instance, "out of memory");
                return NULL;
        }
        upkeep->instance = instance;
        upkeep->name = name;
        if (!read_settings(upkeep))
                upkeep_free(&upkeep);
        return upkeep;
}

void upkeep_free(struct upkeep **upkeep)
{
        struct upkeep *u = *upkeep;

        *upkeep = NULL;
        if (u == NULL)
                return;
        retention_free(&u->retention);
        key_free(&u->key);
        free(u);
}

const struct key *upkeep_key(const struct upkeep *upkeep)
{
        return upkeep->key;
}

bool upkeep_checkpoint(struct upkeep *upkeep, struct chain *chain, struct checkpoint_record *record, char *error,
                       size_t error_size)
{
        struct pawl_str host = pawl_about_host_id(upkeep->instance);

        if (upkeep->key == NULL) {
                snprintf(error, error_size, "checkpoint_key is not set");
                return false;
        }
        *record = (struct checkpoint_record){.time = pawl_now(upkeep->instance)};
        snprintf(record->chain, sizeof record->chain, "%s", upkeep->name);
        snprintf(record->host, sizeof record->host, "%.*s", (int)host.len, host.ptr);
        if (!checkpoint_make(chain, upkeep->key, upkeep->folder, record, error, error_size))
                return false;
        upkeep->last = record->time;
        pawl_log(upkeep->instance, PAWL_LOG_INFO, "checkpoint of %s: entry %" PRId64, upkeep->name, record->seq);
        return true;
}

/* A clock that was set back does not put the next one off for long: one that lies ahead counts as due. */
static bool checkpoint_due(const struct upkeep *upkeep, const struct chain *chain)
{
        int64_t now = pawl_now(upkeep->instance);

        return chain_length(chain) > 0 &&
               (upkeep->last < 0 || now - upkeep->last >= upkeep->interval || now < upkeep->last);
}

bool upkeep_slice(struct upkeep *upkeep, struct chain *chain, struct retention_work *work, char *error,
                  size_t error_size)
{
        struct checkpoint_record record;

        *work = (struct retention_work){0};
        if (upkeep->key == NULL)
                return true;
        if ((upkeep->last == INT64_MIN && !checkpoint_last(chain, &upkeep->last)) ||
            !retention_slice(upkeep->retention, chain, upkeep->key, work)) {
                snprintf(error, error_size, "%s", chain_error(chain));
                return false;
        }
        return !checkpoint_due(upkeep, chain) || upkeep_checkpoint(upkeep, chain, &record, error, error_size);
}

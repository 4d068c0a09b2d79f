/*
 * Plugins that must be refused, one a definition:
 *
 *     HOSTILE_MINOR      wants a later minor of the contract
 *     HOSTILE_MAJOR      wants another major
 *     HOSTILE_DESCRIPTOR two handlers for one event type
 *     HOSTILE_FAILS      create fails, with a text
 *     HOSTILE_CRASHES    create crashes
 *     HOSTILE_HANGS      create never returns
 */
#include <signal.h>
#include <unistd.h>

#include <pawl/plugin.h>

#if defined(HOSTILE_MINOR)
#undef PAWL_ABI_MINOR
#define PAWL_ABI_MINOR 3
#elif defined(HOSTILE_MAJOR)
#undef PAWL_ABI_MAJOR
#define PAWL_ABI_MAJOR 2
#endif

static pawl_result on_any(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        (void)ctx;
        (void)ev;
        (void)self;
        return PAWL_OK;
}

static bool hostile_create(struct pawl_instance *instance, void **self)
{
        (void)self;
#if defined(HOSTILE_FAILS)
        return pawl_fail(instance, "the moon is in the wrong phase");
#elif defined(HOSTILE_CRASHES)
        (void)instance;
        raise(SIGSEGV);
        return false;
#elif defined(HOSTILE_HANGS)
        while (instance != NULL)
                pause();
        return false;
#else
        (void)instance;
        return true;
#endif
}

/* So that a file that changes sides (a good one replaced by this) finds its setting known. */
static const struct pawl_setting settings[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, 0, "file", "not used"),
    PAWL_SETTING_DURATION("pause", "0", "", "not used"),
    PAWL_SETTING_BOOL("all", "false", "not used"),
};

static const struct pawl_handler handlers[] = {
    PAWL_ON("*", on_any),
#if defined(HOSTILE_DESCRIPTOR)
    PAWL_ON("*", on_any),
#endif
};

PAWL_PLUGIN("hostile", "1.0.0", settings, handlers, hostile_create, NULL);

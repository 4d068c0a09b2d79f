/* The header is all that a plugin needs, in C11 and in C++17. */
#include <pawl/plugin.h>

static pawl_result on_any(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        int64_t n;
        struct pawl_str s;

        (void)self;
        if (!pawl_event_int(ev, "n", &n))
                return pawl_reject_field(ctx, ev, "n", "an integer");
        if (!pawl_event_string(ev, "s", &s))
                return pawl_retry_after(ctx, PAWL_S(1), "no s for %d", (int)n);
        pawl_info(ctx, "n %d", (int)n);
        return pawl_emit(ctx, "topic", "a.b", pawl_text(NULL), pawl_text("{}")) == 0 ? PAWL_OK : PAWL_UNAVAILABLE;
}

static uint32_t on_batch(struct pawl_ctx *ctx, const struct pawl_event *const *events, uint32_t count,
                         pawl_result *rest, void *self)
{
        uint32_t i;

        (void)self;
        for (i = 0; i < count && pawl_batch_at(ctx, i); i++)
                if (pawl_event_kind(events[i], "stop") != PAWL_KIND_MISSING) {
                        *rest = pawl_reject(ctx, "stop");
                        return i;
                }
        return i;
}

static bool create(struct pawl_instance *instance, void **self)
{
        if (pawl_setting_int(instance, "port") == 0)
                return pawl_fail(instance, "no port");
        *self = NULL;
        return true;
}

static void destroy(void *self)
{
        (void)self;
}

static const struct pawl_setting server[] = {PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "host", "where"),
                                             PAWL_SETTING_INT("port", "25", "1..65535", "which port")};
static const struct pawl_setting settings[] = {
    PAWL_SETTING_BOOL("b", "true", "a switch"),
    PAWL_SETTING_INT("i", "1", "0..", "a number"),
    PAWL_SETTING_NUMBER("n", "0.5", "0..1", "a share"),
    PAWL_SETTING_STRING("s", "", "a text"),
    PAWL_SETTING_CHOICE("c", "x", "x|y", "a choice"),
    PAWL_SETTING_DURATION("d", "1s", "1ms..1h", "a time"),
    PAWL_SETTING_SIZE("z", "1MiB", "1..", "a size"),
    PAWL_SETTING_PATH("p", "/tmp", "a place"),
    PAWL_SETTING_LIST(0, PAWL_TYPE_STRING, "l", "a list"),
    PAWL_SETTING_TABLE(0, "t", server, "a table"),
    PAWL_SETTING_TABLES(0, "ts", server, "tables"),
    PAWL_SETTING_MAP(0, PAWL_TYPE_STRING, "m", "a map"),
};

static const struct pawl_handler handlers[] = {
    PAWL_ON("a.b", on_any),
    PAWL_ON_WITH("*", on_any, PAWL_WANTS_TOMBSTONES | PAWL_WANTS_MALFORMED, PAWL_S(1), PAWL_S(60)),
    PAWL_ON_BATCH("a.*", on_batch, PAWL_SERIAL, 100, 1 << 20, PAWL_MS(5)),
};

PAWL_PLUGIN("alone", "1.0.0", settings, handlers, create, destroy);

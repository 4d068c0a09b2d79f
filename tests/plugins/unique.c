/*
 * A plugin that cannot be loaded twice soundly: it has a GNU-unique symbol, of which there is one for all builds in a process. g++
 * makes such symbols of C++'s inline static variables; here it is written down, so that every compiler makes it.
 */
#include <pawl/plugin.h>

__asm__(".pushsection .bss\n"
        ".globl unique_count\n"
        ".type unique_count, @gnu_unique_object\n"
        ".size unique_count, 4\n"
        ".balign 4\n"
        "unique_count:\n"
        ".zero 4\n"
        ".popsection");

static pawl_result on_any(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        (void)ctx;
        (void)ev;
        (void)self;
        return PAWL_OK;
}

static const struct pawl_handler handlers[] = {PAWL_ON("*", on_any)};

PAWL_PLUGIN_BARE("unique", "1.0.0", handlers);

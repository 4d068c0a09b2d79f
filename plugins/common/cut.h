/*
 * Texts that others wrote, which may be of any length, where only so much of one can be shown or told on. Pure; any thread.
 */
#ifndef PLUGINS_COMMON_CUT_H
#define PLUGINS_COMMON_CUT_H

#include <pawl/plugin.h>

/* The text, or as many of its first `max` bytes as are whole characters of UTF-8. */
static inline struct pawl_str cut(struct pawl_str text, size_t max)
{
        size_t len = text.len < max ? text.len : max;

        while (len < text.len && len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
                len--;
        return pawl_bytes(text.ptr, len);
}

#endif

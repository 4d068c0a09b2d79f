/*
 * Strings and numbers of JSON, for the scanner: where one ends, and whether it is well formed. Pure; any thread.
 */
#ifndef PAWL_WORKER_SCAN_TEXT_H
#define PAWL_WORKER_SCAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* How many of the next bytes are plain: neither quote nor backslash nor control character, and ASCII. May stop early, less than
 * 16 bytes before the end. */
static inline size_t scan_plain(const char *p, const char *end)
{
        size_t n = 0;

#if defined(__SSE2__)
        const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);

        for (; end - p - (ptrdiff_t)n >= 16; n += 16) {
                __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + n));
                __m128i special = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, backslash));
                unsigned mask;

                special = _mm_or_si128(special, _mm_cmpeq_epi8(_mm_min_epu8(x, control), x));
                mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(special, x)); /* x itself: bytes beyond ASCII */
                if (mask != 0)
                        return n + (unsigned)__builtin_ctz(mask);
        }
#else
        (void)p;
        (void)end;
#endif
        return n;
}

/* From a byte that is not plain. */
const char *scan_string_slow(const char *p, const char *end, bool *escaped, const char **reason);

/* `p`: behind the opening quote. Returns behind the closing one; with *reason set (it comes as NULL): where the fault is. */
static inline const char *scan_string(const char *p, const char *end, bool *escaped, const char **reason)
{
        *escaped = false;
        p += scan_plain(p, end);
        if (p < end && *p == '"')
                return p + 1;
        return scan_string_slow(p, end, escaped, reason);
}

/* `p`: its first character. Returns behind it, *kind is PAWL_KIND_INT or PAWL_KIND_NUMBER. Faults likewise. */
const char *scan_number(const char *p, const char *end, uint8_t *kind, const char **reason);

#endif

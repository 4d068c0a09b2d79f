#include "worker/scan_text.h"

#include "base/memory.h"
#include "worker/scan.h"

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- strings ---- */

/* Length of the UTF-8 sequence (of 2 to 4 bytes) at `p`, 0 if it is none: RFC 3629, table 3-7 of the Unicode standard. */
static inline size_t utf8_sequence(const unsigned char *p, const unsigned char *end)
{
        size_t left = (size_t)(end - p);
        unsigned char low = 0x80, high = 0xbf;

        if (p[0] >= 0xc2 && p[0] <= 0xdf)
                return left >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
        if (p[0] >= 0xe0 && p[0] <= 0xef) {
                low = p[0] == 0xe0 ? 0xa0 : 0x80;
                high = p[0] == 0xed ? 0x9f : 0xbf;
                return left >= 3 && p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 ? 3 : 0;
        }
        if (p[0] < 0xf0 || p[0] > 0xf4)
                return 0;
        low = p[0] == 0xf0 ? 0x90 : 0x80;
        high = p[0] == 0xf4 ? 0x8f : 0xbf;
        return left >= 4 && p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 && (p[3] & 0xc0) == 0x80 ? 4 : 0;
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of a \u escape; -1 if they are not there. */
static int32_t hex4(const char *p, const char *end)
{
        int32_t value = 0;
        int i, digit;

        if (end - p < 4)
                return -1;
        for (i = 0; i < 4; i++) {
                digit = hex_digit(p[i]);
                if (digit < 0)
                        return -1;
                value = value * 16 + digit;
        }
        return value;
}

/* The escape at `p` (its backslash): its length, 0 if it is none. */
static size_t escape_length(const char *p, const char *end)
{
        int32_t high, low;

        if (end - p < 2)
                return 0;
        if (p[1] != 'u')
                return memchr("\"\\/bfnrt", p[1], 8) != NULL ? 2 : 0;
        high = hex4(p + 2, end);
        if (high < 0 || (high >= 0xdc00 && high <= 0xdfff))
                return 0;
        if (high < 0xd800 || high > 0xdbff)
                return 6;
        if (end - p < 12 || p[6] != '\\' || p[7] != 'u')
                return 0;
        low = hex4(p + 8, end);
        return low >= 0xdc00 && low <= 0xdfff ? 12 : 0;
}

const char *scan_string_slow(const char *p, const char *end, bool *escaped, const char **reason)
{
        size_t n;

        for (;;) {
                p += scan_plain(p, end);
                /* Byte by byte to the next 16 plain ones, so that text beyond ASCII does not start a vector for each character. */
                for (;;) {
                        unsigned char c;

                        if (p >= end) {
                                *reason = "a string is not closed";
                                return p;
                        }
                        c = (unsigned char)*p;
                        if (c == '"')
                                return p + 1;
                        if (c >= 0x80) {
                                n = utf8_sequence((const unsigned char *)p, (const unsigned char *)end);
                                *reason = n == 0 ? "invalid UTF-8" : NULL;
                        } else if (c == '\\') {
                                *escaped = true;
                                n = escape_length(p, end);
                                *reason = n == 0 ? "invalid escape in a string" : NULL;
                        } else if (c < 0x20) {
                                *reason = "control character in a string";
                                return p;
                        } else {
                                p++;
                                if (end - p >= 16 && (unsigned char)*p < 0x80)
                                        break;
                                continue;
                        }
                        if (*reason != NULL)
                                return p;
                        p += n;
                }
        }
}

/* Writes one code point as UTF-8. */
static size_t put_utf8(uint32_t c, char *out)
{
        if (c < 0x80) {
                out[0] = (char)c;
                return 1;
        }
        if (c < 0x800) {
                out[0] = (char)(0xc0 | c >> 6);
                out[1] = (char)(0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                out[0] = (char)(0xe0 | c >> 12);
                out[1] = (char)(0x80 | (c >> 6 & 0x3f));
                out[2] = (char)(0x80 | (c & 0x3f));
                return 3;
        }
        out[0] = (char)(0xf0 | c >> 18);
        out[1] = (char)(0x80 | (c >> 12 & 0x3f));
        out[2] = (char)(0x80 | (c >> 6 & 0x3f));
        out[3] = (char)(0x80 | (c & 0x3f));
        return 4;
}

static char simple_escape(char c)
{
        switch (c) {
        case 'b':
                return '\b';
        case 'f':
                return '\f';
        case 'n':
                return '\n';
        case 'r':
                return '\r';
        case 't':
                return '\t';
        default:
                return c;
        }
}

size_t scan_unescape(const char *text, size_t len, char *out)
{
        const char *p = text, *end = text + len, *backslash;
        char *to = out;
        uint32_t c;

        while ((backslash = memchr(p, '\\', (size_t)(end - p))) != NULL) {
                memcpy(to, p, (size_t)(backslash - p));
                to += backslash - p;
                p = backslash;
                if (p[1] != 'u') {
                        *to++ = simple_escape(p[1]);
                        p += 2;
                        continue;
                }
                c = (uint32_t)hex4(p + 2, end);
                p += 6;
                if (c >= 0xd800 && c <= 0xdbff) {
                        c = 0x10000 + ((c - 0xd800) << 10) + ((uint32_t)hex4(p + 2, end) - 0xdc00);
                        p += 6;
                }
                to += put_utf8(c, to);
        }
        memcpy(to, p, (size_t)(end - p));
        return (size_t)(to - out) + (size_t)(end - p);
}

/* ---- numbers ---- */

static inline const char *digits(const char *p, const char *end)
{
        while (p < end && *p >= '0' && *p <= '9')
                p++;
        return p;
}

/* 19 digits may or may not fit. */
static bool fits_int64(const char *p, size_t len)
{
        bool negative = *p == '-';
        const char *limit = negative ? "9223372036854775808" : "9223372036854775807";

        p += negative;
        len -= negative;
        return len < 19 || (len == 19 && memcmp(p, limit, 19) <= 0);
}

const char *scan_number(const char *p, const char *end, uint8_t *kind, const char **reason)
{
        const char *begin = p, *q;

        if (*p == '-')
                p++;
        q = digits(p, end);
        if (q == p) {
                *reason = p == begin ? "expected a value" : "invalid number";
                return p;
        }
        if (*p == '0' && q - p > 1) {
                *reason = "invalid number: a zero in front";
                return p;
        }
        p = q;
        *kind = PAWL_KIND_INT;
        if (p < end && *p == '.') {
                *kind = PAWL_KIND_NUMBER;
                q = digits(p + 1, end);
                if (q == p + 1) {
                        *reason = "invalid number: no digit behind the point";
                        return q;
                }
                p = q;
        }
        if (p < end && (*p == 'e' || *p == 'E')) {
                *kind = PAWL_KIND_NUMBER;
                p++;
                if (p < end && (*p == '+' || *p == '-'))
                        p++;
                q = digits(p, end);
                if (q == p) {
                        *reason = "invalid number: no digit in the exponent";
                        return q;
                }
                p = q;
        }
        if (*kind == PAWL_KIND_INT && !fits_int64(begin, (size_t)(p - begin)))
                *kind = PAWL_KIND_NUMBER;
        return p;
}

int64_t scan_int(const char *text, size_t len)
{
        const char *p = text + (*text == '-'), *end = text + len;
        uint64_t n = 0;

        for (; p < end; p++)
                n = n * 10 + (uint64_t)(*p - '0');
        return (int64_t)(*text == '-' ? 0 - n : n);
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
        c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

double scan_double(const char *text, size_t len)
{
        char small[128], *copy = small;
        double value;

        /* A plugin may have set a locale whose decimal point is a comma. */
        pthread_once(&c_locale_once, make_c_locale);
        if (len >= sizeof small)
                copy = memory_zero(len + 1, 1);
        memcpy(copy, text, len);
        copy[len] = '\0';
        value = strtod_l(copy, NULL, c_locale);
        if (copy != small)
                free(copy);
        return value;
}

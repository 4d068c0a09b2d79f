#include "base/text.h"

#include "base/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 sequence at `p`, 0 if there is none. Ranges: Unicode 15, table 3-7. */
static size_t utf8_sequence(const unsigned char *p, size_t len)
{
        size_t need = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : p[0] >= 0xe0 && p[0] <= 0xef ? 3 : 4;
        unsigned char low = 0x80, high = 0xbf;

        if (need == 1)
                return 1;
        if (p[0] < 0xc2 || p[0] > 0xf4 || need > len)
                return 0;
        if (p[0] == 0xe0)
                low = 0xa0; /* overlong */
        else if (p[0] == 0xed)
                high = 0x9f; /* surrogates */
        else if (p[0] == 0xf0)
                low = 0x90; /* overlong */
        else if (p[0] == 0xf4)
                high = 0x8f; /* beyond U+10FFFF */
        if (p[1] < low || p[1] > high)
                return 0;
        for (size_t i = 2; i < need; i++)
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
        return need;
}

size_t text_utf8_prefix(const char *text, size_t len)
{
        const unsigned char *p = (const unsigned char *)text;
        size_t at = 0;

        while (at < len) {
                size_t n = utf8_sequence(p + at, len - at);

                if (n == 0)
                        break;
                at += n;
        }
        return at;
}

enum { DISTANCE_MAX = 64 }; /* no key is longer; what is cut off counts as different */

static unsigned least(unsigned a, unsigned b)
{
        return a < b ? a : b;
}

/* Optimal string alignment over three rows. */
unsigned text_distance(const char *a, const char *b)
{
        unsigned rows[3][DISTANCE_MAX + 1];
        unsigned *before = rows[0], *last = rows[1], *row = rows[2];
        size_t la = strlen(a), lb = strlen(b);
        size_t cut = (la > DISTANCE_MAX ? la - DISTANCE_MAX : 0) + (lb > DISTANCE_MAX ? lb - DISTANCE_MAX : 0);

        la = la > DISTANCE_MAX ? DISTANCE_MAX : la;
        lb = lb > DISTANCE_MAX ? DISTANCE_MAX : lb;
        for (size_t j = 0; j <= lb; j++)
                before[j] = last[j] = (unsigned)j;
        for (size_t i = 1; i <= la; i++) {
                unsigned *oldest = before;

                row[0] = (unsigned)i;
                for (size_t j = 1; j <= lb; j++) {
                        int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);

                        row[j] = least(least(last[j] + 1, row[j - 1] + 1), last[j - 1] + (ca != cb));
                        if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                            cb == tolower((unsigned char)a[i - 2]))
                                row[j] = least(row[j], before[j - 2] + 1);
                }
                before = last;
                last = row;
                row = oldest;
        }
        return last[lb] + (unsigned)cut;
}

const char *text_nearest(const char *wanted, const char *best, const char *name)
{
        size_t limit = strlen(wanted) / 3 < 2 ? 2 : strlen(wanted) / 3;
        unsigned distance = text_distance(wanted, name);

        if (distance > limit || distance >= strlen(wanted))
                return best;
        return best == NULL || distance < text_distance(wanted, best) ? name : best;
}

struct unit {
        const char *name;
        int64_t factor;
};

/* The largest first, which is what formatting needs. */
static const struct unit duration_units[] = {
    {"d", 86400 * CLOCK_S},
    {"h", 3600 * CLOCK_S},
    {"min", 60 * CLOCK_S},
    {"s", CLOCK_S},
    {"ms", CLOCK_MS},
    {"us", CLOCK_US},
    {"ns", 1},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"TiB", INT64_C(1) << 40},
    {"GiB", 1 << 30},
    {"MiB", 1 << 20},
    {"KiB", 1 << 10},
    {"TB", INT64_C(1000000000000)},
    {"GB", 1000000000},
    {"MB", 1000000},
    {"kB", 1000},
    {"KB", 1000},
    {"B", 1},
    {NULL, 0},
};

/* A whole number and a unit; `bare`: what a number without a unit is multiplied by, 0: only zero goes without. */
static bool parse_units(const char *text, const struct unit *units, int64_t bare, int64_t *value)
{
        const char *p = text;
        int64_t n = 0;

        if (!isdigit((unsigned char)*p))
                return false;
        for (; isdigit((unsigned char)*p); p++)
                if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
                        return false;
        while (*p == ' ')
                p++;
        if (*p == '\0' && (bare != 0 || n == 0))
                return !__builtin_mul_overflow(n, bare, value);
        for (; units->name != NULL; units++)
                if (strcmp(units->name, p) == 0)
                        return !__builtin_mul_overflow(n, units->factor, value);
        return false;
}

bool text_duration(const char *text, int64_t *ns, struct pawl_error *err)
{
        if (parse_units(text, duration_units, 0, ns))
                return true;
        return error_set(err,
                         "expected a duration such as \"200ms\", \"30s\", \"5min\", \"4h\" or \"1d\", found \"%.60s\"",
                         text);
}

bool text_size(const char *text, int64_t *bytes, struct pawl_error *err)
{
        if (parse_units(text, size_units, 1, bytes))
                return true;
        return error_set(err, "expected a size such as \"64KiB\", \"10MiB\" or \"1GB\", found \"%.60s\"", text);
}

const char *text_format_duration(int64_t ns, char out[static 32])
{
        const struct unit *u = duration_units;

        if (ns == 0)
                return strcpy(out, "0");
        while (ns % u->factor != 0)
                u++;
        snprintf(out, 32, "%" PRId64 "%s", ns / u->factor, u->name);
        return out;
}

const char *text_format_size(int64_t bytes, char out[static 32])
{
        static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
        unsigned n = 0;

        while (bytes != 0 && bytes % 1024 == 0 && n < 4) {
                bytes /= 1024;
                n++;
        }
        snprintf(out, 32, "%" PRId64 "%s", bytes, names[n]);
        return out;
}

bool text_json_depth_ok(const char *text, size_t len, unsigned depth)
{
        unsigned now = 0;
        bool in_string = false;

        for (size_t i = 0; i < len; i++) {
                if (in_string && text[i] == '\\')
                        i++;
                else if (text[i] == '"')
                        in_string = !in_string;
                else if (!in_string && (text[i] == '{' || text[i] == '['))
                        now++;
                else if (!in_string && (text[i] == '}' || text[i] == ']') && now > 0)
                        now--;
                if (now > depth)
                        return false;
        }
        return true;
}

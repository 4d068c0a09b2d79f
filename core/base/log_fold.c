#include "base/log_room.h"

#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { SETS = 32, WAYS = 4, BURST = 10 };
#define WINDOW CLOCK_S

struct slot {
        uint64_t key; /* 0: free */
        int64_t since;
        uint64_t written; /* in this window */
        struct log_folded folded;
};

static struct slot slots[SETS][WAYS];

static uint64_t mix(uint64_t hash, unsigned char c)
{
        return (hash ^ c) * UINT64_C(0x100000001b3); /* FNV-1a */
}

static bool word_char(char c)
{
        return isalnum((unsigned char)c) || c == '-' || c == '_' || c == ':' || c == '.';
}

/* A word with a digit in it is an id or a figure: two lines that differ only in these are equal. */
static uint64_t mix_masked(uint64_t hash, const char *text)
{
        while (*text != '\0') {
                size_t n = 0;
                bool digit = false;

                for (; word_char(text[n]); n++)
                        digit = digit || isdigit((unsigned char)text[n]);
                for (size_t i = 0; i < n && !digit; i++)
                        hash = mix(hash, (unsigned char)text[i]);
                if (digit)
                        hash = mix(hash, '#');
                text += n;
                if (*text != '\0')
                        hash = mix(hash, (unsigned char)*text++);
        }
        return hash;
}

uint64_t log_fold_key(const struct log_line *line, const char *text, bool masked)
{
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        hash = mix(hash, (unsigned char)line->level);
        hash = mix(hash, (unsigned char)line->mark);
        for (const char *p = line->plugin; *p != '\0'; p++)
                hash = mix(hash, (unsigned char)*p);
        hash = mix(hash, 0);
        if (masked)
                hash = mix_masked(hash, text);
        else
                for (; *text != '\0'; text++)
                        hash = mix(hash, (unsigned char)*text);
        return hash | 1;
}

static void begin_window(struct slot *s, uint64_t key, int64_t now)
{
        s->key = key;
        s->since = now;
        s->written = 0;
        s->folded.count = 0;
}

/* What the slot folded, if anything; it is said once. */
static void settle(struct slot *s, int64_t now, struct log_folded *due)
{
        if (s->folded.count == 0)
                return;
        s->folded.span = now - s->since;
        *due = s->folded;
        s->folded.count = 0;
}

static struct slot *find(uint64_t key)
{
        struct slot *set = slots[(key >> 8) % SETS];

        for (unsigned i = 0; i < WAYS; i++)
                if (set[i].key == key)
                        return &set[i];
        return NULL;
}

bool log_fold(uint64_t key, int64_t now, struct log_folded *due)
{
        struct slot *s = find(key);

        due->count = 0;
        if (s == NULL) {
                struct slot *set = slots[(key >> 8) % SETS];

                s = &set[0];
                for (unsigned i = 1; i < WAYS; i++)
                        if (set[i].key == 0 || (s->key != 0 && set[i].since < s->since))
                                s = &set[i];
                settle(s, now, due);
                begin_window(s, key, now);
        } else if (now - s->since >= WINDOW) {
                settle(s, now, due);
                begin_window(s, key, now);
        }
        if (s->written < BURST) {
                s->written++;
                return false;
        }
        s->folded.count++;
        return true;
}

void log_fold_sample(uint64_t key, const struct log_line *line, const char *message, size_t len)
{
        struct slot *s = find(key);

        if (s == NULL || s->written < BURST)
                return;
        s->folded.level = line->level;
        s->folded.mark = line->mark;
        snprintf(s->folded.plugin, sizeof s->folded.plugin, "%s", line->plugin);
        if (len >= sizeof s->folded.sample)
                len = sizeof s->folded.sample - 1;
        memcpy(s->folded.sample, message, len);
        s->folded.sample[len] = '\0';
}

bool log_fold_due(int64_t now, bool all, struct log_folded *due)
{
        due->count = 0;
        for (unsigned i = 0; i < SETS * WAYS && due->count == 0; i++) {
                struct slot *s = &slots[i / WAYS][i % WAYS];

                if (all || now - s->since >= WINDOW)
                        settle(s, now, due);
        }
        return due->count > 0;
}

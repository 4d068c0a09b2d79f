#include "engine/offsets_map.h"

#include "base/error.h"
#include "base/memory.h"
#include "engine/list.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MAP_VERSION = 1, MAP_BITMAP = 1, MAP_RUNS = 2, MAP_HEADER = 2 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Bytes that `characters` of base64 can carry. */
static size_t payload_of(size_t characters)
{
        return characters / 4 * 3;
}

void offsets_ranges_add(struct offsets_ranges *ranges, int64_t first, int64_t end)
{
        assert(first < end);
        list_add(ranges, (struct offsets_range){first, end});
}

void offsets_ranges_clear(struct offsets_ranges *ranges)
{
        ranges->count = 0;
}

void offsets_ranges_free(struct offsets_ranges *ranges)
{
        free(ranges->items);
        *ranges = (struct offsets_ranges){0};
}

/* ---- encoding ---- */

static size_t varint_size(uint64_t value)
{
        size_t size = 1;

        for (; value >= 0x80; value >>= 7)
                size++;
        return size;
}

static size_t varint_put(unsigned char *to, uint64_t value)
{
        size_t size = 0;

        for (; value >= 0x80; value >>= 7)
                to[size++] = (unsigned char)(value | 0x80);
        to[size++] = (unsigned char)value;
        return size;
}

/* How many of the ranges fit `room` bytes as runs, and in *size how many bytes these take. */
static size_t runs_fitting(int64_t at, const struct offsets_range *ranges, size_t count, size_t room, size_t *size)
{
        *size = 0;
        for (size_t i = 0; i < count; i++) {
                size_t more = varint_size((uint64_t)ranges[i].first - (uint64_t)at) +
                              varint_size((uint64_t)ranges[i].end - (uint64_t)ranges[i].first);

                if (*size + more > room)
                        return i;
                *size += more;
                at = ranges[i].end;
        }
        return count;
}

static uint64_t span_end(int64_t committed, const struct offsets_range *ranges, size_t count)
{
        return count == 0 ? 0 : (uint64_t)ranges[count - 1].end - (uint64_t)committed;
}

static size_t encode_runs(int64_t at, const struct offsets_range *ranges, size_t count, unsigned char *to)
{
        size_t size = 0;

        for (size_t i = 0; i < count; i++) {
                size += varint_put(to + size, (uint64_t)(ranges[i].first - at));
                size += varint_put(to + size, (uint64_t)(ranges[i].end - ranges[i].first));
                at = ranges[i].end;
        }
        return size;
}

/* Sets the bits of [first, end), whole bytes at once where it can. */
static void bits_set(unsigned char *bits, uint64_t first, uint64_t end)
{
        while (first < end && first % 8 != 0) {
                bits[first / 8] |= (unsigned char)(1u << first % 8);
                first++;
        }
        if (end > first) {
                memset(bits + first / 8, 0xff, (end - first) / 8);
                first += (end - first) / 8 * 8;
        }
        for (; first < end; first++)
                bits[first / 8] |= (unsigned char)(1u << first % 8);
}

/* The bitmap of as much of the ranges as `room` bytes can hold. */
static size_t encode_bitmap(int64_t committed, const struct offsets_range *ranges, size_t count, size_t room,
                            unsigned char *to)
{
        uint64_t end = 0;

        memset(to, 0, room);
        for (size_t i = 0; i < count; i++) {
                uint64_t first = (uint64_t)ranges[i].first - (uint64_t)committed;

                if (first >= (uint64_t)room * 8)
                        break;
                end = (uint64_t)ranges[i].end - (uint64_t)committed;
                if (end > (uint64_t)room * 8)
                        end = (uint64_t)room * 8;
                bits_set(to, first, end);
        }
        return (size_t)((end + 7) / 8);
}

static size_t base64_put(const unsigned char *bytes, size_t len, char *text)
{
        size_t at = 0;

        for (size_t i = 0; i < len; i += 3) {
                uint32_t group = (uint32_t)bytes[i] << 16;

                if (i + 1 < len)
                        group |= (uint32_t)bytes[i + 1] << 8;
                if (i + 2 < len)
                        group |= bytes[i + 2];
                text[at++] = alphabet[group >> 18 & 63];
                text[at++] = alphabet[group >> 12 & 63];
                text[at++] = i + 1 < len ? alphabet[group >> 6 & 63] : '=';
                text[at++] = i + 2 < len ? alphabet[group & 63] : '=';
        }
        text[at] = '\0';
        return at;
}

/*
 * When neither encoding holds everything, the one that reaches further is taken: what is complete lies mostly in long stretches
 * near the committed offset, so the reach decides how much is known.
 */
static bool prefer_bitmap(int64_t committed, const struct offsets_range *ranges, size_t count, size_t room,
                          size_t run_count, size_t run_size)
{
        uint64_t span = span_end(committed, ranges, count);
        bool bitmap_whole = span <= (uint64_t)room * 8;
        bool runs_whole = run_count == count;

        if (bitmap_whole && runs_whole)
                return (span + 7) / 8 < run_size;
        if (bitmap_whole || runs_whole)
                return bitmap_whole;
        return (uint64_t)room * 8 > span_end(committed, ranges, run_count);
}

size_t offsets_map_encode(int64_t committed, const struct offsets_range *ranges, size_t count, size_t budget,
                          char *text, bool *cut)
{
        size_t room = payload_of(budget), size, run_count, run_size;
        unsigned char *bytes;
        bool bitmap;

        text[0] = '\0';
        *cut = count > 0 && room <= MAP_HEADER;
        if (count == 0 || room <= MAP_HEADER)
                return 0;
        assert(ranges[0].first >= committed);
        room -= MAP_HEADER;
        run_count = runs_fitting(committed, ranges, count, room, &run_size);
        bitmap = prefer_bitmap(committed, ranges, count, room, run_count, run_size);
        bytes = memory_resize(NULL, MAP_HEADER + room, 1);
        bytes[0] = MAP_VERSION;
        bytes[1] = bitmap ? MAP_BITMAP : MAP_RUNS;
        if (bitmap) {
                *cut = span_end(committed, ranges, count) > (uint64_t)room * 8;
                size = encode_bitmap(committed, ranges, count, room, bytes + MAP_HEADER);
        } else {
                *cut = run_count < count;
                size = encode_runs(committed, ranges, run_count, bytes + MAP_HEADER);
        }
        size = size > 0 ? base64_put(bytes, MAP_HEADER + size, text) : 0;
        free(bytes);
        assert(size <= budget);
        return size;
}

/* ---- decoding: every byte is a stranger's ---- */

static int base64_value(char c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Into `bytes`, which holds len / 4 * 3. False: no base64. */
static bool base64_get(const char *text, size_t len, unsigned char *bytes, size_t *size)
{
        size_t padding = 0;

        *size = 0;
        if (len % 4 != 0)
                return false;
        if (text[len - 1] == '=')
                padding = text[len - 2] == '=' ? 2 : 1;
        for (size_t i = 0; i < len; i += 4) {
                uint32_t group = 0;

                for (size_t j = 0; j < 4; j++) {
                        bool pad = i + j >= len - padding;
                        int value = pad ? 0 : base64_value(text[i + j]);

                        if (value < 0)
                                return false;
                        group = group << 6 | (uint32_t)value;
                }
                bytes[(*size)++] = (unsigned char)(group >> 16);
                bytes[(*size)++] = (unsigned char)(group >> 8);
                bytes[(*size)++] = (unsigned char)group;
        }
        *size -= padding;
        return true;
}

static bool varint_get(const unsigned char *bytes, size_t size, size_t *at, uint64_t *value)
{
        *value = 0;
        for (unsigned shift = 0; shift < 63; shift += 7) {
                if (*at == size)
                        return false;
                *value |= (uint64_t)(bytes[*at] & 0x7f) << shift;
                if ((bytes[(*at)++] & 0x80) == 0)
                        return true;
        }
        return false; /* above INT64_MAX: no offset */
}

static bool decode_runs(int64_t committed, const unsigned char *bytes, size_t size, struct offsets_ranges *ranges,
                        struct pawl_error *err)
{
        int64_t offset = committed;

        for (size_t at = 0; at < size;) {
                uint64_t gap, run;
                size_t start = at;

                if (!varint_get(bytes, size, &at, &gap) || !varint_get(bytes, size, &at, &run))
                        return error_set(err,
                                         "offset map: expected two integers at byte %zu of its runs, found %zu bytes",
                                         start, size - start);
                if (run == 0)
                        return error_set(err, "offset map: an empty run at byte %zu", start);
                if (gap > (uint64_t)(INT64_MAX - offset) || run > (uint64_t)(INT64_MAX - offset) - gap)
                        return error_set(err, "offset map: the run at byte %zu ends beyond the largest offset", start);
                if (gap == 0 && offset != committed)
                        ranges->items[ranges->count - 1].end += (int64_t)run;
                else
                        offsets_ranges_add(ranges, offset + (int64_t)gap, offset + (int64_t)gap + (int64_t)run);
                offset += (int64_t)(gap + run);
        }
        return true;
}

static bool decode_bitmap(int64_t committed, const unsigned char *bytes, size_t size, struct offsets_ranges *ranges,
                          struct pawl_error *err)
{
        int64_t first = -1;

        if ((uint64_t)size * 8 > (uint64_t)(INT64_MAX - committed))
                return error_set(err, "offset map: the bitmap ends beyond the largest offset");
        for (size_t bit = 0; bit <= size * 8; bit++) {
                bool done = bit < size * 8 && (bytes[bit / 8] >> bit % 8 & 1) != 0;

                if (done && first < 0) {
                        first = (int64_t)bit;
                } else if (!done && first >= 0) {
                        offsets_ranges_add(ranges, committed + first, committed + (int64_t)bit);
                        first = -1;
                }
        }
        return true;
}

bool offsets_map_decode(int64_t committed, const char *text, size_t len, struct offsets_ranges *ranges,
                        struct pawl_error *err)
{
        size_t before = ranges->count, size;
        unsigned char *bytes;
        bool ok = false;

        if (len == 0)
                return true;
        if (committed < 0)
                return error_set(err, "offset map: expected a committed offset, found %lld", (long long)committed);
        bytes = memory_resize(NULL, len / 4 * 3 + 1, 1);
        if (!base64_get(text, len, bytes, &size)) {
                error_set(err, "offset map: expected base64, found other text of %zu characters", len);
        } else if (size < MAP_HEADER || bytes[0] != MAP_VERSION) {
                error_set(err, "offset map: expected version %d, found %d", MAP_VERSION, size > 0 ? bytes[0] : -1);
        } else if (bytes[1] == MAP_BITMAP) {
                ok = decode_bitmap(committed, bytes + MAP_HEADER, size - MAP_HEADER, ranges, err);
        } else if (bytes[1] == MAP_RUNS) {
                ok = decode_runs(committed, bytes + MAP_HEADER, size - MAP_HEADER, ranges, err);
        } else {
                error_set(err, "offset map: expected encoding 1 or 2, found %d", bytes[1]);
        }
        if (!ok)
                ranges->count = before;
        free(bytes);
        return ok;
}

/* ---- the bound ---- */

bool offsets_map_fits(int64_t span, uint64_t gaps, size_t budget)
{
        uint64_t room = payload_of(budget), integers = 2 * (gaps + 1), bytes = integers;

        if (room <= MAP_HEADER)
                return false;
        room -= MAP_HEADER;
        if (span <= 0 || (uint64_t)span <= room * 8)
                return true;
        /* The integers add up to at most `span`: at most span / 2^7 of them take a second byte, span / 2^14 a third, … */
        for (uint64_t longer = (uint64_t)span >> 7; longer > 0; longer >>= 7)
                bytes += longer < integers ? longer : integers;
        return bytes <= room;
}

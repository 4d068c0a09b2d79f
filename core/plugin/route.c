#include "plugin/route.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct route_entry {
        const char *text; /* of a prefix: with its dot, without the star */
        uint32_t len;
        uint16_t handler;
};

struct plugin_routes {
        uint32_t mask; /* of the table of exact types, a power of two less one */
        uint32_t prefix_count;
        struct route_entry *exact;    /* text NULL: free */
        struct route_entry *prefixes; /* longest first */
        uint16_t any;
        uint16_t tombstone;
        uint16_t malformed;
};

__extension__ typedef unsigned __int128 wide;

static uint64_t mix(uint64_t a, uint64_t b)
{
        wide product = (wide)a * b;

        return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t eight(const char *p)
{
        uint64_t word;

        memcpy(&word, p, sizeof word);
        return word;
}

/* Up to seven bytes, without a loop. */
static uint64_t few(const char *p, size_t len)
{
        uint32_t first, last;

        if (len < 4)
                return len == 0 ? 0
                                : (uint64_t)(unsigned char)p[0] << 16 | (uint64_t)(unsigned char)p[len / 2] << 8 |
                                      (unsigned char)p[len - 1];
        memcpy(&first, p, sizeof first);
        memcpy(&last, p + len - 4, sizeof last);
        return (uint64_t)first << 32 | last;
}

/* Eight bytes a step, the last step over what is left and some of what was; good enough for a table of a few dozen types. */
static uint32_t type_hash(const char *text, size_t len)
{
        uint64_t h = len * UINT64_C(0x9e3779b97f4a7c15);
        size_t i;

        for (i = 0; i + 8 < len; i += 8)
                h = mix(h ^ eight(text + i), UINT64_C(0xa0761d6478bd642f));
        h = mix(h ^ (len >= 8 ? eight(text + len - 8) : few(text, len)), UINT64_C(0xe7037ed1a0b428db));
        return (uint32_t)(h ^ (h >> 32));
}

static void add_exact(struct plugin_routes *r, struct pawl_str type, uint16_t handler)
{
        uint32_t i = type_hash(type.ptr, type.len) & r->mask;

        while (r->exact[i].text != NULL)
                i = (i + 1) & r->mask;
        r->exact[i] = (struct route_entry){.text = type.ptr, .len = (uint32_t)type.len, .handler = handler};
}

static int longest_first(const void *a, const void *b)
{
        const struct route_entry *x = a, *y = b;

        return x->len < y->len ? 1 : x->len > y->len ? -1 : 0;
}

static void add_handler(struct plugin_routes *r, const struct pawl_handler *h, uint16_t handler)
{
        struct pawl_str type = h->event_type;

        if (type.len == 1 && type.ptr[0] == '*') {
                r->any = handler;
                if ((h->flags & PAWL_WANTS_TOMBSTONES) != 0)
                        r->tombstone = handler;
                if ((h->flags & PAWL_WANTS_MALFORMED) != 0)
                        r->malformed = handler;
        } else if (type.ptr[type.len - 1] == '*') {
                r->prefixes[r->prefix_count++] =
                    (struct route_entry){.text = type.ptr, .len = (uint32_t)type.len - 1, .handler = handler};
        } else {
                add_exact(r, type, handler);
        }
}

struct plugin_routes *plugin_routes_new(const struct plugin_descriptor *d)
{
        struct plugin_routes *r = memory_zero(1, sizeof *r);
        uint32_t i, count = d->plugin.handlers.count, size = 2;

        while (size < 2 * count)
                size *= 2;
        r->mask = size - 1;
        r->exact = memory_zero(size, sizeof *r->exact);
        r->prefixes = memory_zero(count, sizeof *r->prefixes);
        r->any = r->tombstone = r->malformed = PLUGIN_NO_HANDLER;
        for (i = 0; i < count; i++)
                add_handler(r, &d->handlers[i], (uint16_t)i);
        qsort(r->prefixes, r->prefix_count, sizeof *r->prefixes, longest_first);
        return r;
}

void plugin_routes_free(struct plugin_routes **routes)
{
        struct plugin_routes *r = *routes;

        *routes = NULL;
        if (r == NULL)
                return;
        free(r->exact);
        free(r->prefixes);
        free(r);
}

uint16_t plugin_route(const struct plugin_routes *r, const char *type, size_t len)
{
        uint32_t i = type_hash(type, len) & r->mask;

        for (; r->exact[i].text != NULL; i = (i + 1) & r->mask)
                if (r->exact[i].len == len && memcmp(r->exact[i].text, type, len) == 0)
                        return r->exact[i].handler;
        for (i = 0; i < r->prefix_count; i++)
                if (r->prefixes[i].len < len && memcmp(r->prefixes[i].text, type, r->prefixes[i].len) == 0)
                        return r->prefixes[i].handler;
        return r->any;
}

uint16_t plugin_route_tombstone(const struct plugin_routes *r)
{
        return r->tombstone;
}

uint16_t plugin_route_malformed(const struct plugin_routes *r)
{
        return r->malformed;
}

#include "engine/timers.h"

#include "engine/list.h"

#include <stdlib.h>

void timers_free(struct timers *timers)
{
        free(timers->heap);
        free(timers->places);
        *timers = (struct timers){0};
}

static bool before(const struct timer *a, const struct timer *b)
{
        return a->at < b->at || (a->at == b->at && a->slot < b->slot);
}

static void place(struct timers *timers, size_t at, struct timer timer)
{
        timers->heap[at] = timer;
        timers->places[timer.slot] = (uint32_t)at + 1;
}

/* Puts `timer` where it belongs, starting from the free place `at`. */
static void sift(struct timers *timers, size_t at, struct timer timer)
{
        while (at > 0 && before(&timer, &timers->heap[(at - 1) / 2])) {
                place(timers, at, timers->heap[(at - 1) / 2]);
                at = (at - 1) / 2;
        }
        for (;;) {
                size_t child = 2 * at + 1;

                if (child + 1 < timers->count && before(&timers->heap[child + 1], &timers->heap[child]))
                        child++;
                if (child >= timers->count || !before(&timers->heap[child], &timer))
                        break;
                place(timers, at, timers->heap[child]);
                at = child;
        }
        place(timers, at, timer);
}

void timers_set(struct timers *timers, uint32_t slot, int64_t at)
{
        timers_cancel(timers, slot);
        timers->places = list_grow(timers->places, &timers->place_capacity, (size_t)slot + 1, sizeof *timers->places);
        timers->heap = list_grow(timers->heap, &timers->capacity, timers->count + 1, sizeof *timers->heap);
        timers->count++;
        sift(timers, timers->count - 1, (struct timer){at, slot});
}

void timers_cancel(struct timers *timers, uint32_t slot)
{
        size_t at;

        if (slot >= timers->place_capacity || timers->places[slot] == 0)
                return;
        at = timers->places[slot] - 1;
        timers->places[slot] = 0;
        timers->count--;
        if (at < timers->count)
                sift(timers, at, timers->heap[timers->count]);
}

int64_t timers_next(const struct timers *timers)
{
        return timers->count > 0 ? timers->heap[0].at : INT64_MAX;
}

bool timers_pop(struct timers *timers, int64_t now, uint32_t *slot)
{
        if (timers->count == 0 || timers->heap[0].at > now)
                return false;
        *slot = timers->heap[0].slot;
        timers_cancel(timers, *slot);
        return true;
}

/*
 * What a consumer of the benchmark cost, measured the same way inside each of them: the process's CPU time from its start, the
 * wall time from the first event, and its private memory, the largest of a few looks at it on the way. No thread owns it: the
 * count is atomic, and whoever counts an event that is a milestone takes the measure.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct measure {
        atomic_llong count;
        atomic_llong private_kib;
        atomic_llong began; /* monotonic ns; of the first event */
        long long events;   /* how many are to come */
        const char *report; /* the file that gets the result */
};

enum { MEASURE_LOOKS = 8 };

static inline long long measure_now(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Private_Clean and Private_Dirty: what this process alone keeps from the machine. */
static inline long long measure_private_kib(void)
{
        FILE *rollup = fopen("/proc/self/smaps_rollup", "r");
        char line[256];
        long long sum = 0, kib;

        while (rollup && fgets(line, sizeof(line), rollup)) {
                if (sscanf(line, "Private_Clean: %lld kB", &kib) == 1 ||
                    sscanf(line, "Private_Dirty: %lld kB", &kib) == 1)
                        sum += kib;
        }
        if (rollup)
                fclose(rollup);
        return sum;
}

static inline void measure_look(struct measure *m)
{
        long long now = measure_private_kib(), most = atomic_load(&m->private_kib);

        while (now > most && !atomic_compare_exchange_weak(&m->private_kib, &most, now))
                ;
}

static inline void measure_report(struct measure *m)
{
        double wall = (double)(measure_now() - atomic_load(&m->began)) / 1e9;
        char scratch[4096];
        struct rusage use;
        FILE *out;

        getrusage(RUSAGE_SELF, &use);
        /* Under its name only when it is whole: the runner waits for the file. */
        snprintf(scratch, sizeof(scratch), "%s.new", m->report);
        out = fopen(scratch, "w");
        if (!out)
                return;
        fprintf(out, "{\"events\": %lld, \"cpu\": %.6f, \"wall\": %.6f, \"private_kib\": %lld, \"switches\": %ld}\n",
                m->events,
                (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                    (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6,
                wall, (long long)atomic_load(&m->private_kib), use.ru_nvcsw + use.ru_nivcsw);
        fclose(out);
        rename(scratch, m->report);
}

/* Counts one event; true for the last one, after the report is written. */
static inline bool measure_event(struct measure *m)
{
        long long count = atomic_fetch_add_explicit(&m->count, 1, memory_order_relaxed) + 1;

        if (count == 1)
                atomic_store(&m->began, measure_now());
        if (count % (m->events / MEASURE_LOOKS) == 0)
                measure_look(m);
        if (count != m->events)
                return false;
        measure_report(m);
        return true;
}

#endif

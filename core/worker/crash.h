/*
 * The last words of a worker that a signal kills: which signal, on which thread. They go to the scoreboard, which outlives the
 * process; then the signal takes its course as it would have without us.
 */
#ifndef PAWL_WORKER_CRASH_H
#define PAWL_WORKER_CRASH_H

#include "base/scoreboard.h"

/* Main thread, before other threads start. The scoreboard must outlive the process's other threads. */
void crash_install(struct scoreboard *sb);

#define CRASH_OTHER_THREAD UINT32_MAX

/* On each of our threads: its writer in the scoreboard, and a stack of its own for the handler, since the fault may be an
 * overflow of the thread's. */
void crash_thread(unsigned writer);

#endif

/*
 * A trial: a process that opens a plugin's build with its settings, tries it out as far as it was asked to, answers on the
 * control channel, and ends. What crashes or hangs does so here, where it is noticed and harms nobody.
 */
#ifndef PAWL_WORKER_TRIAL_H
#define PAWL_WORKER_TRIAL_H

struct worker;

/* Returns the process's exit status. Frees what it opened. */
int trial_run(struct worker *w);

#endif

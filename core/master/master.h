/*
 * The master process: `pawld` without --worker.
 */
#ifndef PAWL_MASTER_MASTER_H
#define PAWL_MASTER_MASTER_H

enum master_exit {
        MASTER_EXIT_DONE = 0,
        MASTER_EXIT_FAILED =
            1, /* configuration refused, run directory taken, …; or a worker had to be killed at the end */
};

/* Runs until it is told to stop. `config_file`: the main file; must outlive the call. Returns main()'s exit status. */
int master_main(const char *config_file);

/* `pawld --check`: prints every error and warning of the configuration, of each enabled plugin's settings and properties too, to
 * stderr. Starts no worker but for trials. 0: valid, 1: not. */
int master_check(const char *config_file);

#endif

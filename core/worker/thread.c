#include "worker/thread.h"

#include <signal.h>
#include <stddef.h>

int thread_start(pthread_t *handle, const char *name, void *(*main)(void *arg), void *arg)
{
        static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
        sigset_t blocked, before;
        size_t i;
        int failed;

        sigfillset(&blocked);
        for (i = 0; i < sizeof faults / sizeof *faults; i++)
                sigdelset(&blocked, faults[i]);
        pthread_sigmask(SIG_BLOCK, &blocked, &before);
        failed = pthread_create(handle, NULL, main, arg);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (failed == 0)
                pthread_setname_np(*handle, name);
        return failed;
}

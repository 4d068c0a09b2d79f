#include "worker/crash.h"

#include <signal.h>
#include <sys/mman.h>

#define HANDLER_STACK (64 * 1024)

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
enum { FATAL_SIGNALS = sizeof fatal_signals / sizeof *fatal_signals };

static struct scoreboard *board;
static struct sigaction before[FATAL_SIGNALS];
static _Thread_local unsigned thread_writer = CRASH_OTHER_THREAD;

/* Puts back what was there before (nothing, or a sanitizer's) and returns: a fault comes again at the same instruction, a signal
 * that was sent is sent once more. */
static void on_fatal(int number, siginfo_t *info, void *context)
{
        unsigned writer = thread_writer;
        int i;

        (void)context;
        scoreboard_fatal(board, writer == CRASH_OTHER_THREAD ? scoreboard_other(board) : writer, number);
        for (i = 0; i < FATAL_SIGNALS; i++) {
                if (fatal_signals[i] == number)
                        sigaction(number, &before[i], NULL);
        }
        if (info->si_code <= 0)
                raise(number);
}

void crash_install(struct scoreboard *sb)
{
        struct sigaction action = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        int i;

        board = sb;
        sigemptyset(&action.sa_mask);
        for (i = 0; i < FATAL_SIGNALS; i++)
                sigaction(fatal_signals[i], &action, &before[i]);
}

void crash_thread(unsigned writer)
{
        stack_t stack = {.ss_size = HANDLER_STACK};

        thread_writer = writer;
        /* Never given back: the threads live as long as the process. */
        stack.ss_sp = mmap(NULL, HANDLER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (stack.ss_sp != MAP_FAILED)
                sigaltstack(&stack, NULL);
}

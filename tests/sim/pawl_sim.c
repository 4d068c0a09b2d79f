#include "sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPLAY_EVERY = 50 /* lives are played twice, and must leave the same fingerprint */ };

static uint64_t number(const char *option, const char *text)
{
        char *end;
        unsigned long long value;

        errno = 0;
        value = strtoull(text != NULL ? text : "", &end, 10);
        if (text == NULL || *text == '\0' || *end != '\0' || errno != 0) {
                fprintf(stderr, "pawl_sim: %s: expected a number, found \"%s\"\n", option, text != NULL ? text : "");
                exit(2);
        }
        return value;
}

int main(int argc, char **argv)
{
        uint64_t lives = 1000, seed = 1, steps = 0, events = 0;

        for (int i = 1; i < argc; i += 2) {
                if (strcmp(argv[i], "--trace") == 0) {
                        sim_tracing = true;
                        i--;
                } else if (strcmp(argv[i], "--lives") == 0) {
                        lives = number(argv[i], argv[i + 1]);
                } else if (strcmp(argv[i], "--seed") == 0) {
                        seed = number(argv[i], argv[i + 1]);
                } else {
                        fprintf(stderr, "usage: pawl_sim [--lives N] [--seed FIRST] [--trace]\n");
                        return 2;
                }
        }
        for (uint64_t i = 0; i < lives; i++) {
                uint64_t life = seed + i, trace = sim_life(life, &steps, &events);

                if (i % REPLAY_EVERY == 0 && sim_life(life, &steps, &events) != trace) {
                        fprintf(stderr, "pawl_sim: seed %llu: played twice, it went two ways\n",
                                (unsigned long long)life);
                        return 1;
                }
        }
        printf("pawl_sim: %llu lives from seed %llu: %llu steps, %llu events, nothing wrong\n",
               (unsigned long long)lives, (unsigned long long)seed, (unsigned long long)steps,
               (unsigned long long)events);
        return 0;
}

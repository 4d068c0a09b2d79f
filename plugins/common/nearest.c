#include "common/nearest.h"

#include <string.h>

#define LONGEST 63 /* longer words are near to nothing */

static unsigned least(unsigned a, unsigned b)
{
        return a < b ? a : b;
}

/* Levenshtein's, row by row. */
static unsigned distance(const char *a, const char *b)
{
        unsigned row[LONGEST + 1];
        size_t la = strlen(a), lb = strlen(b);

        if (la > LONGEST || lb > LONGEST)
                return LONGEST;
        for (unsigned j = 0; j <= lb; j++)
                row[j] = j;
        for (unsigned i = 1; i <= la; i++) {
                unsigned corner = row[0];

                row[0] = i;
                for (unsigned j = 1; j <= lb; j++) {
                        unsigned above = row[j];

                        row[j] = least(least(above, row[j - 1]) + 1, corner + (a[i - 1] != b[j - 1]));
                        corner = above;
                }
        }
        return row[lb];
}

const char *nearest(const char *wanted, const char *best, const char *name)
{
        size_t limit = strlen(wanted) / 3 < 2 ? 2 : strlen(wanted) / 3;
        unsigned far = distance(wanted, name);

        if (far > limit || far >= strlen(wanted))
                return best;
        return best == NULL || far < distance(wanted, best) ? name : best;
}

#include "numbers.h"

#include "exchange.h"
#include "gateway.h"

#include <inttypes.h>

#define BLOCK_LEAST 2000
#define BLOCK_MOST  32000 /* what a crash may skip is twice that */
#define BLOCK_LASTS PAWL_S(2)

/* How many to ask for: more, where the last ones were gone in no time, so that the journal's sync is always ahead of the callers. */
static int64_t block_size(struct gateway *gw)
{
        struct numbers *n = &gw->numbers;
        int64_t now = pawl_monotonic(gw->instance);
        bool fast = n->block > 0 && now - n->asked_at < BLOCK_LASTS;

        n->block = !fast ? BLOCK_LEAST : n->block * 2 < BLOCK_MOST ? n->block * 2 : BLOCK_MOST;
        n->asked_at = now;
        n->asked = true;
        return n->block;
}

void numbers_serve(struct gateway *gw)
{
        struct numbers *n = &gw->numbers;
        int64_t begin, end;

        if (n->last < n->first)
                return;
        if (n->next == n->end && n->more_end > n->more_begin) {
                n->next = n->more_begin;
                n->end = n->more_end;
                n->more_begin = n->more_end = 0;
        }
        if (n->more_end == n->more_begin && journal_block(gw->journal, &begin, &end)) {
                n->asked = false;
                n->used_up = begin == end;
                n->more_begin = begin;
                n->more_end = end;
        }
        if (n->next == n->end && n->more_end > n->more_begin)
                numbers_serve(gw);
        else if (n->more_end == n->more_begin && !n->used_up && !n->asked)
                journal_want_block(gw->journal, n->first, n->last, block_size(gw));
}

bool numbers_peek(struct exchange *ex, int64_t *number)
{
        struct numbers *n = &ex->gateway->numbers;

        if (n->next == n->end)
                numbers_serve(ex->gateway);
        *number = n->next;
        if (n->next < n->end)
                return true;
        if (n->last < n->first) {
                json_t *problem = problem_new(400, ex->path, "1 fault; nothing is published");

                problem_fault(problem, "request_id", "an integer of 0 or more: no request_ids are configured",
                              "nothing", 0);
                problem_answer(&ex->answer, problem);
        } else if (n->used_up) {
                if (!n->complained)
                        pawl_log(ex->gateway->instance, PAWL_LOG_ERROR,
                                 "request_ids: the numbers up to %" PRId64 " are used up", n->last);
                n->complained = true;
                pawl_health(ex->gateway->instance, PAWL_HEALTH_DEGRADED,
                            "request_ids: the numbers up to %" PRId64 " are used up", n->last);
                exchange_problem(ex, 503, "the numbers of this gateway are used up; send a request_id");
        } else {
                exchange_problem(ex, 503, "the next numbers are being written down");
                answer_header(&ex->answer, "Retry-After", "1");
        }
        return false;
}

void numbers_use(struct gateway *gw)
{
        gw->numbers.next++;
        if (gw->numbers.next == gw->numbers.end)
                numbers_serve(gw);
}

int64_t numbers_left(const struct gateway *gw)
{
        const struct numbers *n = &gw->numbers;

        return n->next < n->end ? n->next : n->more_begin < n->more_end ? n->more_begin : -1;
}

/*
 * The documents that one event causes, in the steps that a crash may come between:
 *
 *     1  planned: number and content are rows, in one transaction with what else the event changes
 *     2  printed, and written as a file: whole or not there
 *     3  the file's hash is noted in its row
 *     4  emitted, and the event is done
 *
 * An event that comes again, after any of these steps, finds its rows, makes what is missing, and emits the same. A document is never
 * planned twice, so numbers have no gaps. The handler's thread.
 */
#ifndef HR_ISSUE_H
#define HR_ISSUE_H

#include "hr.h"
#include "records.h"

#define ISSUE_MAX 2 /* documents of one event */

struct issued {
        struct record record; /* its strings are ended */
        char *content;
};

struct issue {
        struct hr *hr;
        struct pawl_ctx *ctx;
        const struct pawl_event *ev;
        struct pawl_str source; /* what names the event */
        char position[320];
        int64_t time; /* the event's */
        struct issued documents[ISSUE_MAX];
        size_t count;
        bool repeated; /* they had been planned before */
};

void issue_begin(struct issue *issue, struct hr *hr, struct pawl_ctx *ctx, const struct pawl_event *ev);
void issue_end(struct issue *issue);

/*
 * Takes the database, opened and in a transaction; when PAWL_OK, issue_unlock gives it back: what was written is kept if `result`
 * is PAWL_OK, else undone. Returns `result`, or why it could not be kept.
 */
pawl_result issue_lock(struct issue *issue);
pawl_result issue_unlock(struct issue *issue, pawl_result result);

/*
 * Step 1, between lock and unlock: finds or plans the document of these facts (their number and time are filled in here). `basis` is what the
 * event says that matters, canonical (NULL: of a contract, which there is once): one that says another thing about a request whose document stands is
 * rejected. A document of another event that said the same is not one of this event.
 */
pawl_result issue_plan(struct issue *issue, struct facts *facts, const char *basis);

/* Steps 2 and 3, without the lock: what is planned gets its file. */
pawl_result issue_write(struct issue *issue);

/* Step 4: hr.document_created for each, and for a contract hr.contract_generated. */
pawl_result issue_emit(struct issue *issue);

#endif

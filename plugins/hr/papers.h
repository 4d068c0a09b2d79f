/*
 * What stands in a document: its template, filled in with what the event says and with the organisation's requisites. Made in
 * create, then read only; any thread.
 */
#ifndef HR_PAPERS_H
#define HR_PAPERS_H

#include "completion.h"
#include "kinds.h"

#include <pawl/plugin.h>
#include <stdbool.h>

struct papers;

/* Fields of the settings "organisation" and "contractors", for the descriptor. */
extern const struct pawl_setting papers_contractor_fields[3];

/* Reads the settings and every template. False after pawl_fail. */
bool papers_make(struct pawl_instance *instance, struct papers **papers);
void papers_free(struct papers **papers);

/* What a document is about. */
struct facts {
        enum kind kind;
        const char *number;
        int64_t time;       /* of the event; nanoseconds since 1970 */
        int64_t request_id; /* not of a contract */
        int64_t contractor_id;
        const struct completion *completion; /* not of a contract */
        struct pawl_str notes;               /* may be absent */
};

/* The year, where the organisation is, at that moment. */
int papers_year(const struct papers *papers, int64_t time);

/* The document's content, as press.h describes it, as a JSON text to be freed. NULL: memory. */
char *papers_content(const struct papers *papers, const struct facts *facts);

#endif

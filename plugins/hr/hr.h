/*
 * What the parts of the plugin share: made in create, then read only, but for the database of the handlers.
 */
#ifndef HR_HR_H
#define HR_HR_H

#include "papers.h"
#include "press.h"

#include "common/db.h"
#include "common/outbox.h"

#include <pthread.h>

#define HR_TOPIC "hr-events"

enum hr_metric { METRIC_DOCUMENTS, METRIC_REPEATED, METRIC_DIFFERENT, METRIC_PRINTING };

struct hr {
        struct pawl_instance *instance;
        struct papers *papers;
        struct press *press;
        struct outbox *outbox; /* the tick's */
        const char *series;
        int64_t generated_by;
        char path[4096];      /* of the database */
        char documents[4096]; /* their folder */
        pthread_mutex_t lock; /* guards db: handlers print side by side, and take turns at the rows */
        struct db *db;        /* of the handlers; opened by the first one */
};

#endif

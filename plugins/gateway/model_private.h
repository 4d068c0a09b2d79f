/* The read model's tables, shared by who writes and who reads them. */
#ifndef GATEWAY_MODEL_PRIVATE_H
#define GATEWAY_MODEL_PRIVATE_H

#include "common/db.h"

enum {
        MODEL_TOUCH,
        MODEL_CREATE,
        MODEL_FIND,
        MODEL_SET_STATE,
        MODEL_SET_MANAGER,
        MODEL_SET_CONTRACTOR,
        MODEL_SET_PRIORITY,
        MODEL_SET_DETAILS,
        MODEL_ADD,
        MODEL_WAITING,
        MODEL_APPLIED,
        MODEL_TIMELINE,
        MODEL_STATEMENTS
};

extern const struct db_design model_design;

#endif

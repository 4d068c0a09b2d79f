/*
 * What was done and what it costs: `completion_data` of workflow.work_completed, read exactly. Pure; any thread.
 */
#ifndef HR_COMPLETION_H
#define HR_COMPLETION_H

#include <jansson.h>
#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMPLETION_MAX_WORKS 1000
#define COMPLETION_MAX_NAME  1000 /* characters */
#define COMPLETION_MAX_UNIT  20

struct work {
        const char *name;
        const char *unit;
        int64_t quantity; /* thousandths */
        int64_t price;    /* kopecks, as sum */
        int64_t sum;
};

struct completion {
        struct work *works;
        size_t count;
        int64_t sum; /* of the works */
        bool has_amount;
        int64_t amount; /* what is paid: the amount decides, whatever the works add up to */
};

/*
 * Reads the object: `data` is its tree, `raw` its text (both of one event; the tree must outlive the completion). Members it
 * does not know are ignored. False, with every fault ("completion_data.works[2].price: expected …, found …") in `error`, as far as it has room.
 */
bool completion_read(const json_t *data, struct pawl_str raw, struct completion *completion, char *error, size_t size);
void completion_free(struct completion *completion);

/* The same for equal completions, in a canonical JSON text, to be freed. NULL: memory. */
char *completion_text(const struct completion *completion, int64_t contractor_id);

#endif

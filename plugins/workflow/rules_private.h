/*
 * The inside of the rules, for their three files: rules.c (regions, deadlines, the whole), rules_managers.c, rules_priorities.c.
 */
#ifndef WORKFLOW_RULES_PRIVATE_H
#define WORKFLOW_RULES_PRIVATE_H

#include "rules.h"

struct region {
        struct pawl_str name;
        const struct pawl_value *managers;
        uint32_t count;
        int64_t escalation_manager; /* -1: as for any region */
};

/* A row that gives a name a priority: an urgency, or a kind of equipment. */
struct priority_row {
        struct pawl_str name;
        struct pawl_str priority;
};

/* From the first nanosecond to before the last. */
struct absence {
        int64_t manager_id;
        int64_t from;
        int64_t until;
};

struct capacity {
        int64_t manager_id;
        int64_t limit;
};

/* The strings are the settings', which live as long as the instance. */
struct rules {
        struct pawl_instance *instance;
        int64_t assigned_by;
        int64_t default_manager;
        int64_t escalation_manager; /* -1: nobody */
        int64_t deadline_grace;
        int64_t deadlines[STATE_COUNT]; /* 0: none */
        struct region *regions;
        uint32_t region_count;
        struct absence *absences;
        uint32_t absence_count;
        struct capacity *capacities;
        uint32_t capacity_count;
        struct priority_row *urgencies;
        uint32_t urgency_count;
        struct priority_row *equipment;
        uint32_t equipment_count;
        const struct pawl_value *levels;
};

extern const struct pawl_setting rules_manager_fields[3];
extern const struct pawl_setting rules_urgency_fields[2];
extern const struct pawl_setting rules_equipment_fields[2];

/* False after pawl_fail; rules_free frees what was made. */
bool rules_make_managers(struct rules *rules);
bool rules_make_priorities(struct rules *rules);

/* Without the blanks around it. */
struct pawl_str rules_trim(struct pawl_str s);
bool rules_equal(struct pawl_str a, struct pawl_str b);

/* A table's string, trimmed. */
struct pawl_str rules_member(const struct rules *rules, const struct pawl_value *table, const char *name);

/* Room for the items of a list, at least one; *room is the caller's pointer. False after pawl_fail. */
bool rules_room(struct rules *rules, void **room, uint32_t count, size_t size);

#endif

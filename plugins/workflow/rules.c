#include "rules.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct region {
        struct pawl_str name;
        const struct pawl_value *managers;
        uint32_t count;
};

struct priority {
        struct pawl_str urgency;
        struct pawl_str name;
};

/* The strings are the settings', which live as long as the instance. */
struct rules {
        struct pawl_instance *instance;
        int64_t assigned_by;
        int64_t default_manager;
        uint32_t region_count;
        uint32_t priority_count;
        struct region *regions;
        struct priority *priorities;
};

static const struct pawl_setting region_fields[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "region", "as the requests write it"),
    PAWL_SETTING(PAWL_TYPE_LIST, PAWL_REQUIRED, PAWL_TYPE_INT, "managers", PAWL_ABSENT, PAWL_ABSENT, PAWL_STR("1.."),
                 "ids of the region's managers, who share its requests", PAWL_NONE),
};

static const struct pawl_setting priority_fields[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "urgency", "as the requests write it"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "priority", "the priority that such a request gets"),
};

const struct pawl_setting rules_settings[4] = {
    PAWL_SETTING_TABLES(0, "regions", region_fields, "which managers take which region's requests"),
    PAWL_SETTING(PAWL_TYPE_INT, PAWL_REQUIRED, 0, "default_manager", PAWL_ABSENT, PAWL_ABSENT, PAWL_STR("0.."),
                 "the manager of every other region's requests", PAWL_NONE),
    PAWL_SETTING_INT("assigned_by", "1", "0..", "the user in whose name managers are assigned"),
    PAWL_SETTING_TABLES(0, "priorities", priority_fields,
                        "the priority by urgency; without a row a request keeps its own, or gets normal"),
};

static bool is_blank(char c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct pawl_str trim(struct pawl_str s)
{
        while (s.len > 0 && is_blank(s.ptr[0])) {
                s.ptr++;
                s.len--;
        }
        while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
                s.len--;
        return s;
}

static bool equal(struct pawl_str a, struct pawl_str b)
{
        return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static struct pawl_str member_text(struct pawl_instance *instance, const struct pawl_value *table, const char *name)
{
        return trim(pawl_value_string(instance, pawl_value_member(instance, table, name)));
}

static const struct region *find_region(const struct rules *rules, struct pawl_str name)
{
        for (uint32_t i = 0; i < rules->region_count; i++) {
                if (equal(rules->regions[i].name, name))
                        return &rules->regions[i];
        }
        return NULL;
}

static int64_t manager_at(const struct rules *rules, const struct region *region, uint32_t i)
{
        return pawl_value_int(rules->instance, pawl_value_at(rules->instance, region->managers, i, NULL));
}

static bool add_region(struct rules *rules, const struct pawl_value *table)
{
        struct pawl_instance *instance = rules->instance;
        struct region region = {.name = member_text(instance, table, "region")};

        region.managers = pawl_value_member(instance, table, "managers");
        region.count = pawl_value_count(instance, region.managers);
        if (find_region(rules, region.name) != NULL)
                return pawl_fail(instance, "regions: \"%.*s\" stands there twice", (int)region.name.len,
                                 region.name.ptr);
        for (uint32_t i = 0; i < region.count; i++) {
                if (manager_at(rules, &region, i) < 0)
                        return pawl_fail(instance,
                                         "regions: managers of \"%.*s\": expected ids of 0 or more, found %" PRId64,
                                         (int)region.name.len, region.name.ptr, manager_at(rules, &region, i));
        }
        rules->regions[rules->region_count++] = region;
        return true;
}

static bool add_priority(struct rules *rules, const struct pawl_value *table)
{
        struct priority priority = {member_text(rules->instance, table, "urgency"),
                                    member_text(rules->instance, table, "priority")};

        if (rules_priority(rules, priority.urgency).ptr != NULL)
                return pawl_fail(rules->instance, "priorities: urgency \"%.*s\" stands there twice",
                                 (int)priority.urgency.len, priority.urgency.ptr);
        rules->priorities[rules->priority_count++] = priority;
        return true;
}

bool rules_make(struct pawl_instance *instance, struct rules **made)
{
        const struct pawl_value *regions = pawl_setting_value(instance, "regions");
        const struct pawl_value *priorities = pawl_setting_value(instance, "priorities");
        uint32_t region_count = pawl_value_count(instance, regions);
        uint32_t priority_count = pawl_value_count(instance, priorities);
        struct rules *rules = calloc(1, sizeof *rules);

        if (rules == NULL)
                return pawl_fail(instance, "out of memory");
        rules->instance = instance;
        rules->assigned_by = pawl_setting_int(instance, "assigned_by");
        rules->default_manager = pawl_setting_int(instance, "default_manager");
        rules->regions = calloc(region_count + 1, sizeof *rules->regions);
        rules->priorities = calloc(priority_count + 1, sizeof *rules->priorities);
        if (rules->regions == NULL || rules->priorities == NULL) {
                pawl_fail(instance, "out of memory");
                goto failed;
        }
        for (uint32_t i = 0; i < region_count; i++) {
                if (!add_region(rules, pawl_value_at(instance, regions, i, NULL)))
                        goto failed;
        }
        for (uint32_t i = 0; i < priority_count; i++) {
                if (!add_priority(rules, pawl_value_at(instance, priorities, i, NULL)))
                        goto failed;
        }
        *made = rules;
        return true;
failed:
        rules_free(&rules);
        return false;
}

void rules_free(struct rules **rules)
{
        struct rules *r = *rules;

        *rules = NULL;
        if (r == NULL)
                return;
        free(r->regions);
        free(r->priorities);
        free(r);
}

int64_t rules_assigned_by(const struct rules *rules)
{
        return rules->assigned_by;
}

int64_t rules_manager(const struct rules *rules, struct pawl_str region, int64_t request_id, bool *by_region)
{
        const struct region *found = find_region(rules, trim(region));

        *by_region = found != NULL;
        return found ? manager_at(rules, found, (uint32_t)(request_id % found->count)) : rules->default_manager;
}

struct pawl_str rules_priority(const struct rules *rules, struct pawl_str urgency)
{
        urgency = trim(urgency);
        for (uint32_t i = 0; i < rules->priority_count; i++) {
                if (equal(rules->priorities[i].urgency, urgency))
                        return rules->priorities[i].name;
        }
        return pawl_text(NULL);
}

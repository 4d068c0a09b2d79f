#include "rules_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct pawl_setting region_fields[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "region", "the region, as the requests write it"),
    PAWL_SETTING(PAWL_TYPE_LIST, PAWL_REQUIRED, PAWL_TYPE_INT, "managers", PAWL_ABSENT, PAWL_ABSENT, PAWL_STR("1.."),
                 "ids of the region's managers, who share its requests", PAWL_NONE),
    PAWL_SETTING(PAWL_TYPE_INT, 0, 0, "escalation_manager", PAWL_ABSENT, PAWL_ABSENT, PAWL_STR("0.."),
                 "who gets the region's requests whose manager missed a deadline, in place of the general one",
                 PAWL_NONE),
};

#define DEADLINE(state)                                                                                                \
        PAWL_SETTING(PAWL_TYPE_DURATION, 0, 0, state, PAWL_ABSENT, PAWL_ABSENT, PAWL_STR("1ms.."),                     \
                     "how long a request may be " state, PAWL_NONE)

static const struct pawl_setting deadline_fields[] = {
    DEADLINE("new"),      DEADLINE("manager_review"), DEADLINE("clarification"),        DEADLINE("sent_to_contractors"),
    DEADLINE("assigned"), DEADLINE("in_progress"),    DEADLINE("contractor_responses"),
};

const struct pawl_setting rules_settings[10] = {
    PAWL_SETTING_TABLES(0, "regions", region_fields, "which managers take which region's requests"),
    PAWL_SETTING(PAWL_TYPE_INT, PAWL_REQUIRED, 0, "default_manager", PAWL_ABSENT, PAWL_ABSENT, PAWL_STR("0.."),
                 "the manager of every other region's requests, and of those that no manager of their region can take",
                 PAWL_NONE),
    PAWL_SETTING_INT("assigned_by", "1", "0..", "the user in whose name managers are assigned"),
    PAWL_SETTING_TABLES(0, "managers", rules_manager_fields, "when a manager is absent, and how much one can take"),
    PAWL_SETTING(PAWL_TYPE_INT, 0, 0, "escalation_manager", PAWL_ABSENT, PAWL_ABSENT, PAWL_STR("0.."),
                 "who gets the requests whose manager missed a deadline; without one nobody does", PAWL_NONE),
    PAWL_SETTING_TABLES(0, "priorities", rules_urgency_fields,
                        "the priority by urgency; without a row a request keeps its own, or gets normal"),
    PAWL_SETTING_TABLES(0, "equipment_priorities", rules_equipment_fields,
                        "the least priority that a request for such equipment gets"),
    PAWL_SETTING_LIST(0, PAWL_TYPE_STRING, "priority_levels",
                      "the priorities from the least to the highest; without it low, normal, high, urgent"),
    PAWL_SETTING_TABLE(0, "deadlines", deadline_fields, "how long a request may stand in each state"),
    PAWL_SETTING_DURATION("deadline_grace", "1min", "0..",
                          "how long, at most, the deadline of an event that was handled late is still given"),
};

/* ---- What the three files share ---- */

static bool is_blank(char c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

struct pawl_str rules_trim(struct pawl_str s)
{
        while (s.len > 0 && is_blank(s.ptr[0])) {
                s.ptr++;
                s.len--;
        }
        while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
                s.len--;
        return s;
}

bool rules_equal(struct pawl_str a, struct pawl_str b)
{
        return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

struct pawl_str rules_member(const struct rules *rules, const struct pawl_value *table, const char *name)
{
        return rules_trim(pawl_value_string(rules->instance, pawl_value_member(rules->instance, table, name)));
}

bool rules_room(struct rules *rules, void **room, uint32_t count, size_t size)
{
        *room = calloc((size_t)count + 1, size);
        return *room != NULL || pawl_fail(rules->instance, "out of memory");
}

/* ---- Regions ---- */

static const struct region *find_region(const struct rules *rules, struct pawl_str name)
{
        name = rules_trim(name);
        for (uint32_t i = 0; i < rules->region_count; i++) {
                if (rules_equal(rules->regions[i].name, name))
                        return &rules->regions[i];
        }
        return NULL;
}

static int64_t manager_at(const struct rules *rules, const struct region *region, uint32_t i)
{
        return pawl_value_int(rules->instance, pawl_value_at(rules->instance, region->managers, i, NULL));
}

/* -1 where it is not set; 0 is somebody's id. */
static int64_t optional_id(struct pawl_instance *instance, const struct pawl_value *value)
{
        return value != NULL ? pawl_value_int(instance, value) : -1;
}

static bool add_region(struct rules *rules, const struct pawl_value *table)
{
        struct pawl_instance *instance = rules->instance;
        struct region region = {.name = rules_member(rules, table, "region")};

        region.managers = pawl_value_member(instance, table, "managers");
        region.count = pawl_value_count(instance, region.managers);
        region.escalation_manager = optional_id(instance, pawl_value_member(instance, table, "escalation_manager"));
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

static bool make_regions(struct rules *rules)
{
        const struct pawl_value *list = pawl_setting_value(rules->instance, "regions");
        uint32_t count = pawl_value_count(rules->instance, list);
        void *room;

        if (!rules_room(rules, &room, count, sizeof *rules->regions))
                return false;
        rules->regions = room;
        for (uint32_t i = 0; i < count; i++) {
                if (!add_region(rules, pawl_value_at(rules->instance, list, i, NULL)))
                        return false;
        }
        return true;
}

/* ---- The whole ---- */

static void read_deadlines(struct rules *rules)
{
        const struct pawl_value *table = pawl_setting_value(rules->instance, "deadlines");

        for (enum state s = STATE_NEW; s < STATE_COUNT; s++)
                rules->deadlines[s] =
                    pawl_value_int(rules->instance, pawl_value_member(rules->instance, table, state_name(s)));
        rules->deadline_grace = pawl_setting_int(rules->instance, "deadline_grace");
}

bool rules_make(struct pawl_instance *instance, struct rules **made)
{
        struct rules *rules = calloc(1, sizeof *rules);

        if (rules == NULL)
                return pawl_fail(instance, "out of memory");
        rules->instance = instance;
        rules->assigned_by = pawl_setting_int(instance, "assigned_by");
        rules->default_manager = pawl_setting_int(instance, "default_manager");
        rules->escalation_manager = optional_id(instance, pawl_setting_value(instance, "escalation_manager"));
        read_deadlines(rules);
        if (!make_regions(rules) || !rules_make_managers(rules) || !rules_make_priorities(rules)) {
                rules_free(&rules);
                return false;
        }
        *made = rules;
        return true;
}

void rules_free(struct rules **rules)
{
        struct rules *r = *rules;

        *rules = NULL;
        if (r == NULL)
                return;
        free(r->regions);
        free(r->absences);
        free(r->capacities);
        free(r->urgencies);
        free(r->equipment);
        free(r);
}

int64_t rules_assigned_by(const struct rules *rules)
{
        return rules->assigned_by;
}

uint32_t rules_manager_count(const struct rules *rules, struct pawl_str region)
{
        const struct region *found = find_region(rules, region);

        return found != NULL ? found->count : 0;
}

int64_t rules_manager_at(const struct rules *rules, struct pawl_str region, uint32_t index)
{
        return manager_at(rules, find_region(rules, region), index);
}

int64_t rules_default_manager(const struct rules *rules)
{
        return rules->default_manager;
}

int64_t rules_escalation_manager(const struct rules *rules, struct pawl_str region)
{
        const struct region *found = find_region(rules, region);

        return found != NULL && found->escalation_manager >= 0 ? found->escalation_manager : rules->escalation_manager;
}

int64_t rules_deadline(const struct rules *rules, enum state state)
{
        return rules->deadlines[state];
}

int64_t rules_deadline_grace(const struct rules *rules)
{
        return rules->deadline_grace;
}

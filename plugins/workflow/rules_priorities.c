/* How urgent a request is: by its urgency, and at least what its equipment needs. */
#include "rules_private.h"

static const struct pawl_str default_levels[] = {PAWL_STR("low"), PAWL_STR("normal"), PAWL_STR("high"),
                                                 PAWL_STR("urgent")};

const struct pawl_setting rules_urgency_fields[2] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "urgency", "the urgency, as the requests write it"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "priority", "the priority that such a request gets"),
};

const struct pawl_setting rules_equipment_fields[2] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "equipment_type", "the equipment, as the requests write it"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "at_least", "the least priority that such a request gets"),
};

static struct pawl_str level_at(const struct rules *rules, int32_t i)
{
        if (rules->levels == NULL)
                return default_levels[i];
        return rules_trim(
            pawl_value_string(rules->instance, pawl_value_at(rules->instance, rules->levels, (uint32_t)i, NULL)));
}

static int32_t level_count(const struct rules *rules)
{
        if (rules->levels == NULL)
                return sizeof default_levels / sizeof default_levels[0];
        return (int32_t)pawl_value_count(rules->instance, rules->levels);
}

/* -1: no level, which is below them all. */
static int32_t level_of(const struct rules *rules, struct pawl_str priority)
{
        for (int32_t i = 0; i < level_count(rules); i++) {
                if (rules_equal(level_at(rules, i), priority))
                        return i;
        }
        return -1;
}

static const struct priority_row *find(const struct priority_row *rows, uint32_t count, struct pawl_str name)
{
        name = rules_trim(name);
        for (uint32_t i = 0; i < count; i++) {
                if (rules_equal(rows[i].name, name))
                        return &rows[i];
        }
        return NULL;
}

/* A list of the settings, of tables with a name and a priority. */
static bool read_rows(struct rules *rules, const char *setting, const char *name, const char *priority,
                      struct priority_row **rows, uint32_t *count)
{
        struct pawl_instance *instance = rules->instance;
        const struct pawl_value *list = pawl_setting_value(instance, setting);
        void *room;

        if (!rules_room(rules, &room, pawl_value_count(instance, list), sizeof **rows))
                return false;
        *rows = room;
        for (uint32_t i = 0; i < pawl_value_count(instance, list); i++) {
                const struct pawl_value *table = pawl_value_at(instance, list, i, NULL);
                struct priority_row row = {rules_member(rules, table, name), rules_member(rules, table, priority)};

                if (find(*rows, *count, row.name) != NULL)
                        return pawl_fail(instance, "%s: %s \"%.*s\" stands there twice", setting, name,
                                         (int)row.name.len, row.name.ptr);
                (*rows)[(*count)++] = row;
        }
        return true;
}

/* A least priority that is no level would never raise anything. */
static bool check_levels(struct rules *rules)
{
        for (uint32_t i = 0; i < rules->equipment_count; i++) {
                struct pawl_str priority = rules->equipment[i].priority;

                if (level_of(rules, priority) < 0)
                        return pawl_fail(rules->instance,
                                         "equipment_priorities: at_least: \"%.*s\" is none of the priority_levels",
                                         (int)priority.len, priority.ptr);
        }
        return true;
}

bool rules_make_priorities(struct rules *rules)
{
        rules->levels = pawl_setting_value(rules->instance, "priority_levels");
        if (pawl_value_count(rules->instance, rules->levels) == 0)
                rules->levels = NULL;
        return read_rows(rules, "priorities", "urgency", "priority", &rules->urgencies, &rules->urgency_count) &&
               read_rows(rules, "equipment_priorities", "equipment_type", "at_least", &rules->equipment,
                         &rules->equipment_count) &&
               check_levels(rules);
}

struct pawl_str rules_priority(const struct rules *rules, struct pawl_str urgency, struct pawl_str equipment,
                               struct pawl_str own)
{
        const struct priority_row *by_urgency = find(rules->urgencies, rules->urgency_count, urgency);
        const struct priority_row *least = find(rules->equipment, rules->equipment_count, equipment);
        struct pawl_str priority = own.ptr != NULL ? own : pawl_text("normal");

        if (by_urgency != NULL)
                priority = by_urgency->priority;
        if (least != NULL && level_of(rules, least->priority) > level_of(rules, priority))
                priority = least->priority;
        return priority;
}

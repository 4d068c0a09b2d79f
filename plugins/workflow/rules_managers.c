/* When each manager is away, and how much he can take. */
#include "rules_private.h"

#include "common/iso_time.h"

#include <inttypes.h>

#define DAY        PAWL_S(86400)
#define DATE_CHARS 10 /* "2026-12-24" */

static const struct pawl_setting absence_fields[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "from", "the first day, or moment, of an absence, in UTC"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "until",
                       "the last day, which counts whole, or its end, in UTC"),
};

const struct pawl_setting rules_manager_fields[3] = {
    PAWL_SETTING(PAWL_TYPE_INT, PAWL_REQUIRED, 0, "id", PAWL_ABSENT, PAWL_ABSENT, PAWL_STR("0.."), "the manager",
                 PAWL_NONE),
    PAWL_SETTING_TABLES(0, "absent", absence_fields, "the days on which no request is given to this manager"),
    PAWL_SETTING(PAWL_TYPE_INT, 0, 0, "capacity", PAWL_ABSENT, PAWL_ABSENT, PAWL_STR("0.."),
                 "how many open requests this manager can have; without it any number", PAWL_NONE),
};

static bool read_time(struct rules *rules, int64_t manager, const char *name, struct pawl_str text, int64_t *time)
{
        if (iso_time_parse(text, time))
                return true;
        return pawl_fail(rules->instance,
                         "managers: absence of %" PRId64 ": %s: expected a day like 2026-12-24, found \"%.*s\"",
                         manager, name, (int)text.len, text.ptr);
}

static bool add_absence(struct rules *rules, int64_t manager, const struct pawl_value *table)
{
        struct pawl_str from = rules_member(rules, table, "from");
        struct pawl_str until = rules_member(rules, table, "until");
        struct absence *a = &rules->absences[rules->absence_count];

        a->manager_id = manager;
        if (!read_time(rules, manager, "from", from, &a->from) || !read_time(rules, manager, "until", until, &a->until))
                return false;
        if (until.len == DATE_CHARS)
                a->until += DAY;
        if (a->until <= a->from)
                return pawl_fail(rules->instance,
                                 "managers: absence of %" PRId64 ": until \"%.*s\" is before from \"%.*s\"", manager,
                                 (int)until.len, until.ptr, (int)from.len, from.ptr);
        rules->absence_count++;
        return true;
}

static bool add_manager(struct rules *rules, const struct pawl_value *table)
{
        struct pawl_instance *instance = rules->instance;
        int64_t manager = pawl_value_int(instance, pawl_value_member(instance, table, "id"));
        const struct pawl_value *absent = pawl_value_member(instance, table, "absent");
        const struct pawl_value *capacity = pawl_value_member(instance, table, "capacity");

        if (capacity != NULL && rules_capacity(rules, manager) != INT64_MAX)
                return pawl_fail(instance, "managers: %" PRId64 " has two capacities", manager);
        if (capacity != NULL)
                rules->capacities[rules->capacity_count++] =
                    (struct capacity){manager, pawl_value_int(instance, capacity)};
        for (uint32_t i = 0; i < pawl_value_count(instance, absent); i++) {
                if (!add_absence(rules, manager, pawl_value_at(instance, absent, i, NULL)))
                        return false;
        }
        return true;
}

bool rules_make_managers(struct rules *rules)
{
        struct pawl_instance *instance = rules->instance;
        const struct pawl_value *list = pawl_setting_value(instance, "managers");
        uint32_t count = pawl_value_count(instance, list);
        uint32_t absences = 0;
        void *room;

        for (uint32_t i = 0; i < count; i++)
                absences +=
                    pawl_value_count(instance,
                                     pawl_value_member(instance, pawl_value_at(instance, list, i, NULL), "absent"));
        if (!rules_room(rules, &room, absences, sizeof *rules->absences))
                return false;
        rules->absences = room;
        if (!rules_room(rules, &room, count, sizeof *rules->capacities))
                return false;
        rules->capacities = room;
        for (uint32_t i = 0; i < count; i++) {
                if (!add_manager(rules, pawl_value_at(instance, list, i, NULL)))
                        return false;
        }
        return true;
}

bool rules_absent(const struct rules *rules, int64_t manager_id, int64_t at)
{
        for (uint32_t i = 0; i < rules->absence_count; i++) {
                const struct absence *a = &rules->absences[i];

                if (a->manager_id == manager_id && a->from <= at && at < a->until)
                        return true;
        }
        return false;
}

int64_t rules_capacity(const struct rules *rules, int64_t manager_id)
{
        for (uint32_t i = 0; i < rules->capacity_count; i++) {
                if (rules->capacities[i].manager_id == manager_id)
                        return rules->capacities[i].limit;
        }
        return INT64_MAX;
}

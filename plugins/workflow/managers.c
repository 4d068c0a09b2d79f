#include "managers.h"

#include "schema.h"

struct candidate {
        int64_t id;
        int64_t open; /* requests in hand */
        int64_t turn; /* the higher, the later he was given one */
};

static bool load(struct db *db, struct candidate *c)
{
        int found = db_query(db, MANAGER_LOAD, DB_VALUES(db_int(c->id))) ? db_next(db, MANAGER_LOAD) : -1;

        if (found == 1) {
                c->open = db_column_int(db, MANAGER_LOAD, 0);
                c->turn = db_column_int(db, MANAGER_LOAD, 1);
                db_end(db, MANAGER_LOAD);
        }
        return found >= 0;
}

static bool comes_before(const struct candidate *a, const struct candidate *b)
{
        if (a->open != b->open)
                return a->open < b->open;
        if (a->turn != b->turn)
                return a->turn < b->turn;
        return a->id < b->id;
}

bool managers_choose(struct db *db, const struct rules *rules, struct pawl_str region, int64_t at,
                     struct choice *choice)
{
        uint32_t count = rules_manager_count(rules, region), absent = 0;
        struct candidate best = {.id = -1};

        for (uint32_t i = 0; i < count; i++) {
                struct candidate c = {.id = rules_manager_at(rules, region, i)};

                if (rules_absent(rules, c.id, at)) {
                        absent++;
                        continue;
                }
                if (!load(db, &c))
                        return false;
                if (c.open < rules_capacity(rules, c.id) && (best.id < 0 || comes_before(&c, &best)))
                        best = c;
        }
        choice->manager_id = best.id >= 0 ? best.id : rules_default_manager(rules);
        choice->reason = CHOSEN_BY_REGION;
        if (best.id < 0)
                choice->reason = count == 0 ? NO_REGION : absent == count ? ALL_ABSENT : NOBODY_FREE;
        return true;
}

bool managers_given(struct db *db, int64_t manager_id)
{
        return db_run(db, MANAGER_TURN, DB_VALUES(db_int(manager_id)));
}

#include "driver.h"

static void feed(struct driver *driver, struct engine_input in)
{
        in.now = driver->now;
        driver->out = engine_step(driver->engine, &in, 1);
}

void driver_defaults(struct driver *driver)
{
        const struct engine_policy policy = {
            .max_wait = 5 * MS,
            .wait_limit = 100 * MS,
            .backoff = 10 * MS,
            .backoff_max = 40 * MS,
            .ticket_deadline = 50 * MS,
            .max_events = 10,
            .attempts = 3,
        };

        *driver = (struct driver){.now = 1000 * MS};
        for (int i = 0; i < 4; i++)
                driver->policy[i] = policy;
        driver->policy[2].flags = ENGINE_HANDLER_BATCH;
        driver->policy[3].flags = ENGINE_HANDLER_SERIAL;
        driver->cfg = (struct engine_config){
            .limits = {.max_events = 1000, .max_bytes = 1 << 20, .runs = 100, .metadata = 4096},
            .handler_count = 4,
            .over_read = 10,
            .commit_interval = 20 * MS,
            .commit_wait = 30 * MS,
            .outage_backoff = 10 * MS,
            .outage_backoff_max = 40 * MS,
            .produce_backoff = 10 * MS,
            .seed = 7,
        };
}

void driver_start(struct driver *driver, uint32_t partitions)
{
        driver->cfg.handlers = driver->policy;
        driver->engine = engine_new(&driver->cfg);
        for (uint32_t p = 0; p < partitions; p++)
                driver_assign(driver, p, 1, 0);
}

void driver_stop(struct driver *driver)
{
        engine_free(&driver->engine);
}

void driver_tick(struct driver *driver, int64_t later)
{
        driver->now += later;
        feed(driver, (struct engine_input){.kind = ENGINE_TICK});
}

void driver_message(struct driver *driver, uint32_t slot, uint32_t partition, int64_t offset, uint32_t lane,
                    uint16_t handler)
{
        struct engine_input in = {
            .kind = ENGINE_MESSAGE, .slot = slot, .partition = partition, .epoch = 1, .handler = handler};

        in.message.offset = offset;
        in.message.lane = lane;
        in.message.size = 10;
        feed(driver, in);
}

void driver_result(struct driver *driver, uint32_t slot, uint32_t tag, uint16_t result)
{
        struct engine_input in = {.kind = ENGINE_RESULT, .slot = slot, .tag = tag};

        in.result.result = result;
        in.result.delay = -1;
        feed(driver, in);
}

void driver_emitting(struct driver *driver, uint32_t slot, uint32_t tag, uint32_t emits)
{
        struct engine_input in = {.kind = ENGINE_RESULT, .slot = slot, .tag = tag};

        in.result.result = ENGINE_OK;
        in.result.emits = emits;
        in.result.emit_bytes = emits * 100u;
        feed(driver, in);
}

void driver_ticket(struct driver *driver, uint32_t slot, uint32_t tag, uint16_t result)
{
        struct engine_input in = {.kind = ENGINE_TICKET, .slot = slot, .tag = tag};

        in.result.result = result;
        in.result.delay = -1;
        feed(driver, in);
}

void driver_report(struct driver *driver, uint16_t kind, uint32_t slot, uint32_t tag, uint16_t outcome)
{
        struct engine_input in = {.kind = kind, .slot = slot, .tag = tag};

        in.report.outcome = outcome;
        feed(driver, in);
}

void driver_committed(struct driver *driver, uint16_t outcome)
{
        struct engine_input in = {.kind = ENGINE_COMMIT};

        in.commit.id = driver->out->commit_id;
        in.commit.outcome = outcome;
        feed(driver, in);
}

void driver_assign(struct driver *driver, uint32_t partition, uint32_t epoch, int64_t offset)
{
        struct engine_input in = {.kind = ENGINE_ASSIGN, .partition = partition, .epoch = epoch};

        in.offset = offset;
        feed(driver, in);
}

void driver_partition(struct driver *driver, uint16_t kind, uint32_t partition)
{
        feed(driver, (struct engine_input){.kind = kind, .partition = partition});
}

void driver_leave(struct driver *driver, uint16_t kind, uint32_t partition, int64_t later)
{
        struct engine_input in = {.kind = kind, .partition = partition};

        in.leave.deadline = driver->now + later;
        feed(driver, in);
}

bool driver_ran(const struct driver *driver, uint32_t slot)
{
        for (size_t i = 0; i < driver->out->event_count; i++) {
                if (driver->out->events[i].slot == slot)
                        return true;
        }
        return false;
}

bool driver_released(const struct driver *driver, uint32_t slot)
{
        for (size_t i = 0; i < driver->out->release_count; i++) {
                if (driver->out->releases[i].slot == slot)
                        return true;
        }
        return false;
}

const struct engine_dead *driver_dead(const struct driver *driver, uint32_t slot)
{
        for (size_t i = 0; i < driver->out->dead_count; i++) {
                if (driver->out->dead[i].slot == slot)
                        return &driver->out->dead[i];
        }
        return NULL;
}

bool driver_ordered(const struct driver *driver, uint32_t partition, uint32_t order)
{
        for (size_t i = 0; i < driver->out->partition_count; i++) {
                if (driver->out->partitions[i].partition == partition && driver->out->partitions[i].order == order)
                        return true;
        }
        return false;
}

const struct engine_commit_entry *driver_commit(const struct driver *driver, uint32_t partition)
{
        for (size_t i = 0; i < driver->out->commit_count; i++) {
                if (driver->out->commit[i].partition == partition)
                        return &driver->out->commit[i];
        }
        return NULL;
}

struct engine_status driver_status(const struct driver *driver)
{
        struct engine_status status;

        engine_status(driver->engine, &status);
        return status;
}

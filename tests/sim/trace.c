#include "sim.h"

#include <stdio.h>

bool sim_tracing;

static const char *const kinds[] = {"?",           "tick",   "message", "result", "ticket", "delivery",
                                    "dead_letter", "commit", "map",     "assign", "revoke", "lost",
                                    "position",    "rewind", "drain",   "limits", "policy", "route"};

void sim_trace_input(const struct sim_world *world, const struct engine_input *in)
{
        if (!sim_tracing)
                return;
        printf("%llu %8.3f > %s", (unsigned long long)world->steps, (double)in->now / 1e6, kinds[in->kind]);
        switch (in->kind) {
        case ENGINE_MESSAGE:
                printf(" slot %u partition %u epoch %u offset %lld lane %d handler %u flags %u", in->slot,
                       in->partition, in->epoch, (long long)in->message.offset, (int)in->message.lane, in->handler,
                       in->message.flags);
                break;
        case ENGINE_RESULT:
        case ENGINE_TICKET:
                printf(" slot %u tag %u result %u emits %u delay %.3f", in->slot, in->tag, in->result.result,
                       in->result.emits, (double)in->result.delay / 1e6);
                break;
        case ENGINE_DELIVERY:
        case ENGINE_DEAD_LETTER:
                printf(" slot %u tag %u outcome %u", in->slot, in->tag, in->report.outcome);
                break;
        case ENGINE_COMMIT:
                printf(" id %llu outcome %u", (unsigned long long)in->commit.id, in->commit.outcome);
                break;
        case ENGINE_MAP:
                printf(" partition %u %lld–%lld", in->partition, (long long)in->range.first, (long long)in->range.end);
                break;
        case ENGINE_REVOKE:
        case ENGINE_DRAIN:
                printf(" partition %u deadline %.3f", in->partition, (double)in->leave.deadline / 1e6);
                break;
        default:
                printf(" partition %u epoch %u offset %lld", in->partition, in->epoch, (long long)in->offset);
        }
        printf("\n");
}

static void attempts(const char *what, const struct engine_attempt *items, size_t count)
{
        for (size_t i = 0; i < count; i++)
                printf("  < %s slot %u tag %u\n", what, items[i].slot, items[i].tag);
}

void sim_trace_output(const struct engine_output *output)
{
        if (!sim_tracing)
                return;
        attempts("drop", output->drops, output->drop_count);
        attempts("ignored", output->ignored, output->ignored_count);
        attempts("expired", output->expired, output->expired_count);
        attempts("produce", output->produce, output->produce_count);
        for (size_t i = 0; i < output->dead_count; i++)
                printf("  < dead slot %u tag %u attempts %u reason %u\n", output->dead[i].slot, output->dead[i].tag,
                       output->dead[i].attempts, output->dead[i].reason);
        for (size_t i = 0; i < output->release_count; i++)
                printf("  < release slot %u lane %d\n", output->releases[i].slot, (int)output->releases[i].lane);
        for (size_t i = 0; i < output->run_count; i++) {
                const struct engine_run *run = &output->runs[i];

                printf("  < run handler %u flags %u:", run->handler, run->flags);
                for (uint32_t e = 0; e < run->count; e++)
                        printf(" %u/%u", output->events[run->first + e].slot, output->events[run->first + e].tag);
                printf("\n");
        }
        for (size_t i = 0; i < output->partition_count; i++)
                printf("  < partition %u order %u\n", output->partitions[i].partition, output->partitions[i].order);
        for (size_t i = 0; i < output->commit_count; i++)
                printf("  < commit %llu partition %u offset %lld \"%s\"\n", (unsigned long long)output->commit_id,
                       output->commit[i].partition, (long long)output->commit[i].offset, output->commit[i].metadata);
        for (size_t i = 0; i < output->alarm_count; i++)
                printf("  < alarm %u slot %d value %u\n", output->alarms[i].kind, (int)output->alarms[i].slot,
                       output->alarms[i].value);
        if (output->restart != 0 || output->drained)
                printf("  < restart %u drained %d\n", output->restart, output->drained);
}

/* The Kafka room on a real broker: membership, commits, and where a partition is. */
#include "room.h"

#include <string.h>

static struct consumer *const none = NULL;

static void commit(struct consumer *consumer, struct seen *seen, uint32_t index, int64_t offset, const char *metadata)
{
        struct consumer_offset commit_offset = {.index = index, .offset = offset, .metadata = metadata};
        int before = seen->commits;

        CHECK(consumer_commit(consumer, 1, &commit_offset, 1), "another commit is in flight");
        UNTIL(consumer, seen, none, seen, seen->commits == before + 1);
}

static void a_map_of_4096_characters_comes_back_after_a_restart(void)
{
        const char *topic = room_name("map"), *group = room_name("map-group");
        char map[4098];
        struct seen first = {0}, second = {0};

        room_topic(topic, 1, NULL, NULL);
        room_produce(topic, 0, 0, 100, 0);
        struct consumer *c = room_consumer(group, topic, "one", RESET_STOP);
        UNTIL(c, &first, none, &first, first.messages == 100);
        memset(map, 'A', sizeof map);
        map[4097] = '\0';
        commit(c, &first, 0, 10, map);
        CHECK(first.commit_result == COMMIT_METADATA_LARGE, "%d %s", first.commit_result, first.text);
        map[4096] = '\0';
        map[4095] = 'Z';
        commit(c, &first, 0, 42, map);
        CHECK(first.commit_result == COMMIT_DONE, "%s", first.text);
        room_close(&c, &first, false);

        c = room_consumer(group, topic, "one", RESET_STOP);
        UNTIL(c, &second, none, &second, second.messages == 58);
        CHECK(second.partitions[0].committed == 42 && second.partitions[0].start == 42, "%lld",
              (long long)second.partitions[0].committed);
        CHECK(strcmp(second.metadata[0], map) == 0, "the map came back as %zu characters", strlen(second.metadata[0]));
        room_close(&c, &second, true);
}

static void a_static_member_comes_back_unnoticed_and_leaves_when_told(void)
{
        const char *topic = room_name("static"), *group = room_name("static-group");
        struct seen a_seen = {0}, b_seen = {0}, again = {0};

        room_topic(topic, 6, NULL, NULL);
        for (int p = 0; p < 6; p++)
                room_produce(topic, p, 0, 10, 0);
        struct consumer *a = room_consumer(group, topic, "a", RESET_STOP);
        struct consumer *b = room_consumer(group, topic, "b", RESET_STOP);
        UNTIL(a, &a_seen, b, &b_seen, a_seen.partition_count == 3 && b_seen.partition_count == 3);
        int b_assigns = b_seen.assigns, b_revokes = b_seen.revokes;

        consumer_close(a, false);
        UNTIL(a, &a_seen, b, &b_seen, a_seen.closed == 1);
        consumer_destroy(&a);
        int64_t began = clock_now();
        a = room_consumer(group, topic, "a", RESET_STOP);
        UNTIL(a, &again, b, &b_seen, again.messages == 30);
        printf("  a static member's first messages %.0f ms after its start\n", (double)(clock_now() - began) / 1e6);
        CHECK(b_seen.assigns == b_assigns && b_seen.revokes == b_revokes, "the other member saw a rebalance");

        began = clock_now();
        consumer_close(a, true);
        UNTIL(a, &again, b, &b_seen, again.closed == 1);
        consumer_destroy(&a);
        UNTIL(b, &b_seen, none, &b_seen, b_seen.partition_count == 6);
        printf("  after a leave the other member had all partitions in %.0f ms\n", (double)(clock_now() - began) / 1e6);
        room_close(&b, &b_seen, true);
}

static void a_commit_between_revoke_and_unassign_is_stored(void)
{
        const char *topic = room_name("revoke"), *group = room_name("revoke-group");
        struct seen a_seen = {0}, b_seen = {0};

        room_topic(topic, 2, NULL, NULL);
        room_produce(topic, 0, 0, 10, 0);
        room_produce(topic, 1, 0, 10, 0);
        struct consumer *a = room_consumer(group, topic, NULL, RESET_STOP);
        UNTIL(a, &a_seen, none, &a_seen, a_seen.messages == 20);
        a_seen.hold_revoke = true;
        struct consumer *b = room_consumer(group, topic, NULL, RESET_STOP);
        UNTIL(a, &a_seen, b, &b_seen, a_seen.revokes == 1);
        struct consumer_offset offsets[2] = {{.index = 0, .offset = 7, .metadata = "m0"},
                                             {.index = 1, .offset = 8, .metadata = "m1"}};
        CHECK(consumer_commit(a, 9, offsets, 2), "another commit is in flight");
        UNTIL(a, &a_seen, b, &b_seen, a_seen.commits == 1);
        CHECK(a_seen.commit_result == COMMIT_DONE, "%s", a_seen.text);
        CHECK(a_seen.commit_id == 9, "%llu", (unsigned long long)a_seen.commit_id);
        a_seen.hold_revoke = false;
        consumer_unassign(a);
        UNTIL(a, &a_seen, b, &b_seen, a_seen.assigns == 2 && b_seen.assigns == 1);
        CHECK(a_seen.partition_count == 1 && b_seen.partition_count == 1, "%zu and %zu partitions",
              a_seen.partition_count, b_seen.partition_count);
        CHECK(a_seen.partitions[0].committed + b_seen.partitions[0].committed == 15, "not the offsets committed");
        consumer_close(a, true);
        consumer_close(b, true);
        UNTIL(a, &a_seen, b, &b_seen, a_seen.closed == 1 && b_seen.closed == 1);
        consumer_destroy(&a);
        consumer_destroy(&b);
}

static void two_members_with_one_id_fence_each_other_and_it_is_said(void)
{
        const char *topic = room_name("fence"), *group = room_name("fence-group");
        struct seen a_seen = {0}, b_seen = {0};

        room_topic(topic, 1, NULL, NULL);
        struct consumer *a = room_consumer(group, topic, "same", RESET_STOP);
        UNTIL(a, &a_seen, none, &a_seen, a_seen.assigns == 1);
        struct consumer *b = room_consumer(group, topic, "same", RESET_STOP);
        UNTIL(a, &a_seen, b, &b_seen, a_seen.trouble == TROUBLE_FENCED && b_seen.assigns == 1);
        CHECK(strstr(a_seen.text, "group.instance.id") != NULL, "%s", a_seen.text);
        room_close(&a, &a_seen, false);
        room_close(&b, &b_seen, true);
}

static void what_retention_took_is_a_gap_and_never_a_silent_jump(void)
{
        const char *topic = room_name("gap"), *group = room_name("gap-group");
        struct seen first = {0}, stop = {0}, on = {0};

        room_topic(topic, 2, NULL, NULL);
        room_produce(topic, 0, 0, 1000, 0);
        room_produce(topic, 1, 0, 10, 0);
        struct consumer *c = room_consumer(group, topic, "one", RESET_STOP);
        UNTIL(c, &first, none, &first, first.messages == 1010);
        commit(c, &first, first.partitions[0].index, 100, "");
        room_close(&c, &first, false);
        room_delete_before(topic, 0, 500);

        c = room_consumer(group, topic, "one", RESET_STOP);
        UNTIL(c, &stop, none, &stop, stop.gaps == 1 && stop.messages == 10);
        CHECK(strstr(stop.text, "offset 100 ") && strstr(stop.text, "500 to 1000"), "%s", stop.text);
        CHECK(stop.partitions[0].start == CONSUMER_NO_OFFSET, "%lld", (long long)stop.partitions[0].start);
        room_close(&c, &stop, false);

        c = room_consumer(group, topic, "one", RESET_EARLIEST);
        UNTIL(c, &on, none, &on, on.gaps == 1);
        CHECK(on.partitions[0].start == 500, "%lld", (long long)on.partitions[0].start);
        UNTIL(c, &on, none, &on, on.last_offset[on.partitions[0].index] == 999);
        CHECK(on.messages >= 510, "%zu", on.messages);
        room_close(&c, &on, true);
}

static void the_position_passes_transaction_markers_and_aborted_records(void)
{
        const char *topic = room_name("tx"), *group = room_name("tx-group");
        struct seen seen = {0}, again = {0};

        room_topic(topic, 1, NULL, NULL);
        room_transaction(topic, 10, true);  /* 0 … 9, marker 10 */
        room_transaction(topic, 10, false); /* 11 … 20 aborted, marker 21 */
        struct consumer *c = room_consumer(group, topic, "one", RESET_STOP);
        UNTIL(c, &seen, none, &seen, seen.messages == 10 && consumer_marks(c, 0).position == 22);
        CHECK(seen.last_offset[0] == 9, "%lld", (long long)seen.last_offset[0]);
        CHECK(consumer_marks(c, 0).high == 22, "%lld", (long long)consumer_marks(c, 0).high);
        commit(c, &seen, 0, 5, "");
        room_close(&c, &seen, false);

        /* A new assignment begins where it was committed, and never shows the position of the one before. */
        c = room_consumer(group, topic, "one", RESET_STOP);
        again.hold_go = true;
        UNTIL(c, &again, none, &again, again.assigns == 1);
        CHECK(consumer_marks(c, 0).position == 5, "%lld", (long long)consumer_marks(c, 0).position);
        consumer_go(c, 0);
        UNTIL(c, &again, none, &again, again.messages == 5 && consumer_marks(c, 0).position == 22);
        /* Back again within one life: librdkafka's position is still the old one for a moment. */
        struct pawl_error err;
        CHECK(consumer_seek(c, 0, 2, &err), "%s", err.text);
        CHECK(consumer_marks(c, 0).position == 2, "%lld", (long long)consumer_marks(c, 0).position);
        consumer_go(c, 0);
        UNTIL(c, &again, none, &again, again.messages == 13 && consumer_marks(c, 0).position == 22);
        room_close(&c, &again, true);
}

int main(int argc, char **argv)
{
        static const struct room_test tests[] = {
            {"a map of 4096 characters comes back after a restart",
             a_map_of_4096_characters_comes_back_after_a_restart},
            {"a static member comes back unnoticed, and leaves when told",
             a_static_member_comes_back_unnoticed_and_leaves_when_told},
            {"a commit between revoke and unassign is stored", a_commit_between_revoke_and_unassign_is_stored},
            {"two members with one id fence each other, and it is said",
             two_members_with_one_id_fence_each_other_and_it_is_said},
            {"what retention took is a gap, and never a silent jump",
             what_retention_took_is_a_gap_and_never_a_silent_jump},
            {"the position passes transaction markers and aborted records",
             the_position_passes_transaction_markers_and_aborted_records},
        };

        return room_run(tests, sizeof tests / sizeof *tests, argc > 1 ? argv[1] : "");
}

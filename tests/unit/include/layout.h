/*
 * The layout of version 1 of the contract on LP64, written down: every size, every offset, every constant. A later minor adds lines
 * (and the sizes of what grew); it changes none of the others. Included by layout.c and layout.cpp.
 */
#ifndef PAWL_TEST_LAYOUT_H
#define PAWL_TEST_LAYOUT_H

#include <pawl/plugin.h>

#ifdef __cplusplus
#define HOLDS(condition) static_assert(condition, #condition)
#else
#define HOLDS(condition) _Static_assert(condition, #condition)
#endif
#define SIZE(type, size)        HOLDS(sizeof(type) == (size))
#define AT(type, member, place) HOLDS(offsetof(type, member) == (place))
#define IS(constant, value)     HOLDS((constant) == (value))

HOLDS(sizeof(void *) == 8);
HOLDS(sizeof(pawl_result) == 4);
HOLDS(sizeof(pawl_ticket) == 8);

SIZE(struct pawl_str, 16);
AT(struct pawl_str, ptr, 0);
AT(struct pawl_str, len, 8);

SIZE(struct pawl_array, 16);
AT(struct pawl_array, items, 0);
AT(struct pawl_array, count, 8);
AT(struct pawl_array, stride, 12);

SIZE(struct pawl_instance, 8);
AT(struct pawl_instance, host, 0);

SIZE(struct pawl_ctx, 16);
AT(struct pawl_ctx, host, 0);
AT(struct pawl_ctx, instance, 8);

SIZE(struct pawl_event, 8);
AT(struct pawl_event, host, 0);

SIZE(struct pawl_header, 40);
AT(struct pawl_header, size, 0);
AT(struct pawl_header, reserved, 4);
AT(struct pawl_header, name, 8);
AT(struct pawl_header, value, 24);

SIZE(struct pawl_message, 120);
AT(struct pawl_message, size, 0);
AT(struct pawl_message, flags, 4);
AT(struct pawl_message, topic, 8);
AT(struct pawl_message, event_type, 24);
AT(struct pawl_message, key, 40);
AT(struct pawl_message, body, 56);
AT(struct pawl_message, event_id, 72);
AT(struct pawl_message, correlation_id, 88);
AT(struct pawl_message, headers, 104);

SIZE(struct pawl_handler, 104);
AT(struct pawl_handler, size, 0);
AT(struct pawl_handler, flags, 4);
AT(struct pawl_handler, name, 8);
AT(struct pawl_handler, event_type, 24);
AT(struct pawl_handler, on_event, 40);
AT(struct pawl_handler, on_batch, 48);
AT(struct pawl_handler, deadline, 56);
AT(struct pawl_handler, wait_limit, 64);
AT(struct pawl_handler, ticket_deadline, 72);
AT(struct pawl_handler, max_wait, 80);
AT(struct pawl_handler, max_bytes, 88);
AT(struct pawl_handler, max_events, 96);
AT(struct pawl_handler, reserved, 100);

SIZE(struct pawl_setting, 112);
AT(struct pawl_setting, size, 0);
AT(struct pawl_setting, type, 4);
AT(struct pawl_setting, flags, 8);
AT(struct pawl_setting, item_type, 12);
AT(struct pawl_setting, name, 16);
AT(struct pawl_setting, unit, 32);
AT(struct pawl_setting, default_text, 48);
AT(struct pawl_setting, range, 64);
AT(struct pawl_setting, help, 80);
AT(struct pawl_setting, fields, 96);

SIZE(struct pawl_metric, 56);
AT(struct pawl_metric, size, 0);
AT(struct pawl_metric, kind, 4);
AT(struct pawl_metric, name, 8);
AT(struct pawl_metric, unit, 24);
AT(struct pawl_metric, help, 40);

SIZE(struct pawl_command, 64);
AT(struct pawl_command, size, 0);
AT(struct pawl_command, reserved, 4);
AT(struct pawl_command, name, 8);
AT(struct pawl_command, usage, 24);
AT(struct pawl_command, help, 40);
AT(struct pawl_command, run, 56);

SIZE(struct pawl_need, 40);
AT(struct pawl_need, size, 0);
AT(struct pawl_need, kind, 4);
AT(struct pawl_need, name, 8);
AT(struct pawl_need, help, 24);

SIZE(struct pawl_head, 16);
AT(struct pawl_head, magic, 0);
AT(struct pawl_head, abi_major, 8);
AT(struct pawl_head, abi_minor, 10);
AT(struct pawl_head, size, 12);

SIZE(struct pawl_plugin, 192);
AT(struct pawl_plugin, head, 0);
AT(struct pawl_plugin, name, 16);
AT(struct pawl_plugin, version, 32);
AT(struct pawl_plugin, handlers, 48);
AT(struct pawl_plugin, settings, 64);
AT(struct pawl_plugin, metrics, 80);
AT(struct pawl_plugin, commands, 96);
AT(struct pawl_plugin, needs, 112);
AT(struct pawl_plugin, create, 128);
AT(struct pawl_plugin, start, 136);
AT(struct pawl_plugin, tick, 144);
AT(struct pawl_plugin, quiesce, 152);
AT(struct pawl_plugin, stop, 160);
AT(struct pawl_plugin, destroy, 168);
AT(struct pawl_plugin, tick_interval, 176);
AT(struct pawl_plugin, swap, 184);
AT(struct pawl_plugin, max_concurrency, 188);

SIZE(struct pawl_host, 320);
AT(struct pawl_host, size, 0);
AT(struct pawl_host, abi_major, 4);
AT(struct pawl_host, abi_minor, 6);
AT(struct pawl_host, event_attribute, 8);
AT(struct pawl_host, event_number, 16);
AT(struct pawl_host, event_kind, 24);
AT(struct pawl_host, event_int, 32);
AT(struct pawl_host, event_double, 40);
AT(struct pawl_host, event_bool, 48);
AT(struct pawl_host, event_string, 56);
AT(struct pawl_host, event_raw, 64);
AT(struct pawl_host, event_header, 72);
AT(struct pawl_host, event_tree, 80);
AT(struct pawl_host, outcome, 88);
AT(struct pawl_host, outcome_field, 96);
AT(struct pawl_host, log, 104);
AT(struct pawl_host, cancelled, 112);
AT(struct pawl_host, batch_at, 120);
AT(struct pawl_host, emit, 128);
AT(struct pawl_host, reply, 136);
AT(struct pawl_host, defer, 144);
AT(struct pawl_host, ticket_event, 152);
AT(struct pawl_host, ticket_emit, 160);
AT(struct pawl_host, complete, 168);
AT(struct pawl_host, fail, 176);
AT(struct pawl_host, about, 184);
AT(struct pawl_host, now, 192);
AT(struct pawl_host, publish, 200);
AT(struct pawl_host, derive_id, 208);
AT(struct pawl_host, health, 216);
AT(struct pawl_host, listen, 224);
AT(struct pawl_host, metric_add, 232);
AT(struct pawl_host, metric_set, 240);
AT(struct pawl_host, metric_observe, 248);
AT(struct pawl_host, setting, 256);
AT(struct pawl_host, value_type, 264);
AT(struct pawl_host, value_int, 272);
AT(struct pawl_host, value_double, 280);
AT(struct pawl_host, value_string, 288);
AT(struct pawl_host, value_count, 296);
AT(struct pawl_host, value_at, 304);
AT(struct pawl_host, value_member, 312);

SIZE(struct pawl_note, 36);
AT(struct pawl_note, name_size, 0);
AT(struct pawl_note, desc_size, 4);
AT(struct pawl_note, type, 8);
AT(struct pawl_note, name, 12);
AT(struct pawl_note, head, 20);

IS(PAWL_ABI_MAJOR, 1);
IS(PAWL_OK, 0);
IS(PAWL_RETRY, 1);
IS(PAWL_WAIT, 2);
IS(PAWL_UNAVAILABLE, 3);
IS(PAWL_REJECT, 4);
IS(PAWL_PENDING, 5);
IS(PAWL_FATAL, 6);
IS(PAWL_E_INVALID, -1);
IS(PAWL_E_TOO_LARGE, -2);
IS(PAWL_E_FULL, -3);
IS(PAWL_E_STATE, -4);
IS(PAWL_E_REFUSED, -5);
IS(PAWL_E_CANCELLED, -6);
IS(PAWL_KIND_MISSING, 0);
IS(PAWL_KIND_NULL, 1);
IS(PAWL_KIND_BOOL, 2);
IS(PAWL_KIND_INT, 3);
IS(PAWL_KIND_NUMBER, 4);
IS(PAWL_KIND_STRING, 5);
IS(PAWL_KIND_ARRAY, 6);
IS(PAWL_KIND_OBJECT, 7);
IS(PAWL_LOG_ERROR, 0);
IS(PAWL_LOG_WARN, 1);
IS(PAWL_LOG_INFO, 2);
IS(PAWL_LOG_DEBUG, 3);
IS(PAWL_HEALTH_OK, 0);
IS(PAWL_HEALTH_DEGRADED, 1);
IS(PAWL_HEALTH_DOWN, 2);
IS(PAWL_MESSAGE_RAW, 0x1);
IS(PAWL_MESSAGE_TOMBSTONE, 0x2);
IS(PAWL_MESSAGE_NO_KEY, 0x4);
IS(PAWL_WANTS_TOMBSTONES, 0x1);
IS(PAWL_WANTS_MALFORMED, 0x2);
IS(PAWL_SERIAL, 0x4);
IS(PAWL_TYPE_BOOL, 1);
IS(PAWL_TYPE_INT, 2);
IS(PAWL_TYPE_NUMBER, 3);
IS(PAWL_TYPE_STRING, 4);
IS(PAWL_TYPE_DURATION, 5);
IS(PAWL_TYPE_SIZE, 6);
IS(PAWL_TYPE_PATH, 7);
IS(PAWL_TYPE_SECRET, 8);
IS(PAWL_TYPE_LIST, 9);
IS(PAWL_TYPE_TABLE, 10);
IS(PAWL_REQUIRED, 0x1);
IS(PAWL_COUNTER, 1);
IS(PAWL_GAUGE, 2);
IS(PAWL_HISTOGRAM, 3);
IS(PAWL_NEED_TOPIC, 1);
IS(PAWL_NEED_SOCKET, 2);
IS(PAWL_SWAP_HANDOVER, 0);
IS(PAWL_SWAP_BESIDE, 1);
IS(PAWL_EV_TYPE, 0);
IS(PAWL_EV_ID, 1);
IS(PAWL_EV_CORRELATION_ID, 2);
IS(PAWL_EV_SOURCE, 3);
IS(PAWL_EV_TOPIC, 4);
IS(PAWL_EV_KEY, 5);
IS(PAWL_EV_VALUE, 6);
IS(PAWL_EV_PARTITION, 16);
IS(PAWL_EV_OFFSET, 17);
IS(PAWL_EV_TIMESTAMP, 18);
IS(PAWL_EV_ATTEMPT, 19);
IS(PAWL_EV_REDRIVE, 20);
IS(PAWL_EV_HEADERS, 21);
IS(PAWL_ABOUT_NAME, 0);
IS(PAWL_ABOUT_STATE_DIR, 1);
IS(PAWL_ABOUT_HOST_ID, 2);
IS(PAWL_ABOUT_INSTANCE, 3);
IS(PAWL_ABOUT_KAFKA, 4);
IS(PAWL_CLOCK_WALL, 0);
IS(PAWL_CLOCK_MONOTONIC, 1);
IS(PAWL_NOTE_TYPE, 1);

#endif

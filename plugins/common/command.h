/*
 * What commands (`pawlctl PLUGIN COMMAND …`) share: options, and answers that are safe to print.
 */
#ifndef PLUGINS_COMMON_COMMAND_H
#define PLUGINS_COMMON_COMMAND_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>

#define COMMAND_OK     0
#define COMMAND_FAILED 1 /* it was carried out, and the answer is no */
#define COMMAND_USAGE  2 /* it was not understood */

/* Adds formatted text to the answer. False: the reader is gone, the command may end. */
PAWL_PRINTF(2, 3) bool command_reply(struct pawl_ctx *ctx, const char *fmt, ...);

/*
 * Reads `--name VALUE` and `--name=VALUE` into values[i], i being the place of "name" in `names`; what is not given is absent. False after
 * an answer that says what was wrong and which options there are.
 */
bool command_options(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, const char *const *names,
                     struct pawl_str *values, size_t count);

/* A whole decimal number, and nothing else. */
bool command_number(struct pawl_str text, int64_t *number);

/*
 * Copies `text` into `out`, cut to its size, with control characters replaced by '?': what stands in an event must not steer the terminal of who
 * reads it. Absent gives "-". Returns `out`.
 */
const char *command_printable(struct pawl_str text, char *out, size_t size);

#endif

/* What the files of the log share; nobody else includes it. Everything here runs under the log's one lock. */
#ifndef PAWL_BASE_LOG_ROOM_H
#define PAWL_BASE_LOG_ROOM_H

#include "base/log.h"

#include <limits.h>

/* A finished line: PIPE_BUF is what the kernel writes to a pipe in one piece. */
struct log_out {
        char data[PIPE_BUF];
        size_t len;
};

#define LOG_MESSAGE_MAX 1536 /* bytes of a message; longer ones are cut */

/* -- log_render.c */
void log_render(struct log_out *out, enum log_format format, bool colour, int64_t wall, const struct log_line *line,
                const char *message, size_t len);

/* -- log_fold.c: a line that is too many. `key` says which lines are equal. */
struct log_folded {
        enum log_level level;
        enum log_mark mark;
        char plugin[64];
        char sample[200];
        uint64_t count;
        int64_t span; /* nanoseconds since the first line of that second */
};

uint64_t log_fold_key(const struct log_line *line, const char *text, bool masked);

/* True: count it, do not write it. `due` is filled with what an earlier flood came to (count 0: none), to be written first. */
bool log_fold(uint64_t key, int64_t now, struct log_folded *due);

/* Keeps the text of a line that is written, to say later what the folded ones were like. */
void log_fold_sample(uint64_t key, const struct log_line *line, const char *message, size_t len);

/* The next flood that is over (or, with `all`, any); false: none. */
bool log_fold_due(int64_t now, bool all, struct log_folded *due);

/* -- log_write.c: the descriptor. */
void log_output_open(void);
bool log_output_is_terminal(void);

/* Writes the line or counts it as dropped. `dropped`, when not 0, is how many were dropped before this one: say it, then call
 * log_output_said. */
void log_output(const struct log_out *out);
uint64_t log_output_dropped(void);
bool log_output_ready(void);
void log_output_said(uint64_t dropped);

#endif

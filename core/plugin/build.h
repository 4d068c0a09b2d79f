/*
 * Builds: the contents of plugin files, loaded into this process. Each distinct content is loaded at most once, from a private
 * copy under a name that is never used again, and is never unloaded (kafka-facts: what glibc does otherwise). A build that comes back is the
 * one that is there. Main thread only; the builds themselves are immutable and any thread may read them.
 */
#ifndef PAWL_PLUGIN_BUILD_H
#define PAWL_PLUGIN_BUILD_H

#include "base/error.h"
#include "plugin/descriptor.h"

#define PLUGIN_BUILD_ID_LEN 64 /* SHA-256 in hexadecimal */
#define PLUGIN_FILE_MAX     (256 * 1024 * 1024)

struct plugin_build {
        char id[PLUGIN_BUILD_ID_LEN + 1];
        struct plugin_descriptor descriptor;
        const char *not_beside; /* why no second build can be loaded beside it (a static text); NULL: it can */
        char *refusal;          /* for the room's own use: loaded, but refused; such a build is given to nobody */
        struct plugin_build *next;
};

/* What can be said of a file without running any of it. */
struct plugin_file {
        char id[PLUGIN_BUILD_ID_LEN + 1];
        struct pawl_head head;
        const char *not_beside;
};

/* Reads and judges the file; `err` begins with its path. */
bool plugin_file_judge(const char *path, struct plugin_file *file, struct pawl_error *err);

/*
 * The build of that file: judged, copied into `private_dir` (made if missing; must allow execution), loaded, its descriptor checked.
 * Runs the file's constructors and its entry function. NULL with the reason, beginning with the path. The copy stays for as long as the
 * process lives, for debuggers; copies that dead processes left in the directory are removed.
 */
const struct plugin_build *plugin_build_open(const char *path, const char *private_dir, struct pawl_error *err);

/* How many distinct builds this process has loaded: who has collected many is better replaced by a fresh process. */
unsigned plugin_build_count(void);

/* NULL if a reload from `old` to `file` may load `file` beside it; else why not, a static text: hand over instead. */
const char *plugin_not_beside(const struct plugin_build *old, const struct plugin_file *file);

#endif

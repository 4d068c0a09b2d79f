/*
 * Judges a plugin's file before any of its code runs: is it a shared object for this machine, does it carry the note "Pawl",
 * does its head fit this host? The bytes are a stranger's: everything is checked against their length. Pure; any thread.
 */
#ifndef PAWL_PLUGIN_ELF_JUDGE_H
#define PAWL_PLUGIN_ELF_JUDGE_H

#include "base/error.h"

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>

struct elf_verdict {
        struct pawl_head head;
        /* Whether a second build of it can be loaded beside the first. If not: why, a static text, else NULL. */
        const char *not_beside;
};

/* False, with what was expected and found in `err`, when pawld cannot serve the file. */
bool elf_judge(const void *bytes, size_t len, struct elf_verdict *verdict, struct pawl_error *err);

/* Judges a head alone: magic, major equal, wanted minor no higher than this host's, size. */
bool elf_judge_head(const struct pawl_head *head, struct pawl_error *err);

#endif

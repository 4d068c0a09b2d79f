/*
 * Judging files before any of their code runs: whole ones, others, truncated at every length, damaged at random.
 */
#include "base/memory.h"
#include "plugin/build.h"
#include "plugin/elf_judge.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
        char *bytes;
        size_t len;
};

static const char *fixture(const char *name)
{
        static char path[4096];

        snprintf(path, sizeof path, "%s/tests/plugins/%s.so", getenv("PAWL_BUILD"), name);
        return path;
}

static struct file slurp(const char *path)
{
        FILE *f = fopen(path, "rb");
        struct file file = {.bytes = NULL};

        cr_assert_not_null(f, "%s", path);
        fseek(f, 0, SEEK_END);
        file.len = (size_t)ftell(f);
        rewind(f);
        file.bytes = memory_zero(file.len, 1);
        cr_assert_eq(fread(file.bytes, 1, file.len, f), file.len);
        fclose(f);
        return file;
}

static void refused(const void *bytes, size_t len, const char *part)
{
        struct elf_verdict verdict;
        struct pawl_error err = {.text = ""};

        cr_assert_not(elf_judge(bytes, len, &verdict, &err));
        cr_assert_not_null(strstr(err.text, part), "expected \"%s\" in: %s", part, err.text);
}

Test(elf, a_plugin_passes_and_can_be_loaded_beside)
{
        struct file f = slurp(fixture("greeter"));
        struct elf_verdict verdict;
        struct pawl_error err;

        cr_assert(elf_judge(f.bytes, f.len, &verdict, &err), "%s", err.text);
        cr_assert_eq(verdict.head.abi_major, PAWL_ABI_MAJOR);
        cr_assert_null(verdict.not_beside, "%s", verdict.not_beside);
        free(f.bytes);
}

Test(elf, what_cannot_live_twice_in_a_process_is_told)
{
        struct plugin_file file;
        struct pawl_error err;

        cr_assert(plugin_file_judge(fixture("unique"), &file, &err), "%s", err.text);
        cr_assert_str_eq(file.not_beside, "it has GNU-unique symbols, which two builds would share");
        cr_assert(plugin_file_judge(fixture("origin"), &file, &err), "%s", err.text);
        cr_assert_str_eq(file.not_beside, "its run path is relative to the file ($ORIGIN)");
}

Test(elf, other_files_are_named)
{
        struct file f = slurp("/proc/self/exe");
        Elf64_Ehdr *h = (Elf64_Ehdr *)(void *)f.bytes;

        refused("", 0, "expected a plugin (an ELF shared object), found an empty file");
        refused("#!/bin/sh\n", 10, "found another kind of file");
        refused(f.bytes, f.len, "not a Pawl plugin: it has no ELF note \"Pawl\"");
        h->e_machine = EM_RISCV;
        refused(f.bytes, f.len, "found one for another machine (class 2, data 1, machine 243)");
        free(f.bytes);
}

Test(elf, a_file_truncated_at_any_length_is_refused)
{
        struct file f = slurp(fixture("greeter"));
        size_t len;

        for (len = 0; len < f.len; len += len < 1024 ? 1 : 97) {
                char *part = memory_zero(len, 1); /* of exactly this size, for sanitizers */

                memcpy(part, f.bytes, len);
                refused(part, len, len < 4 ? "expected a plugin" : "the file is truncated");
                free(part);
        }
        free(f.bytes);
}

/* No byte of the tables may lead outside the file; whether the rest is still a plugin does not matter here. */
Test(elf, damaged_tables_lead_nowhere)
{
        struct file f = slurp(fixture("unique"));
        struct elf_verdict verdict;
        struct pawl_error err;
        unsigned round;

        srand(7);
        for (round = 0; round < 20000; round++) {
                char *copy = memory_zero(f.len, 1);
                unsigned i, n = 1 + (unsigned)rand() % 8;

                memcpy(copy, f.bytes, f.len);
                for (i = 0; i < n; i++) {
                        size_t tables = 64 + 56 * 12, at;

                        /* The headers at the beginning, or the section headers at the end. */
                        at = rand() % 2 ? (size_t)rand() % tables : f.len - 1 - (size_t)rand() % 2048;
                        copy[at] = (char)(rand() % 3 ? rand() : 0xff);
                }
                elf_judge(copy, f.len, &verdict, &err);
                free(copy);
        }
        free(f.bytes);
}

Test(elf, heads_of_other_versions_name_both_sides)
{
        struct pawl_head head = {"PAWLPLUG" /* no room for a NUL, none wanted */, 1, 3, sizeof(struct pawl_plugin)};
        struct pawl_error err;

        cr_assert_not(elf_judge_head(&head, &err));
        cr_assert_str_eq(err.text, "the plugin wants version 1.3 of the contract, this host provides 1.1");
        head.abi_minor = 0;
        head.abi_major = 2;
        cr_assert_not(elf_judge_head(&head, &err));
        cr_assert_str_eq(err.text, "the plugin wants version 2.0 of the contract, this host provides 1.1");
        head.abi_major = 1;
        head.size = 8;
        cr_assert_not(elf_judge_head(&head, &err));
        head.size = 1000; /* a later build against the same minor may be larger */
        cr_assert(elf_judge_head(&head, &err));
}

/* ---- builds ---- */

static char *private_dir(void)
{
        char *dir = memory_string("/tmp/pawl-builds-XXXXXX");

        cr_assert_not_null(mkdtemp(dir));
        return dir;
}

static void remove_dir(char *dir)
{
        char *command = memory_printf("rm -rf '%s'", dir);

        cr_assert_eq(system(command), 0);
        free(command);
        free(dir);
}

Test(build, equal_contents_are_one_build_wherever_they_stand)
{
        struct file f = slurp(fixture("greeter"));
        const struct plugin_build *first, *second, *other;
        char *dir = private_dir(), *copy = memory_printf("%s/copy.so", dir);
        struct pawl_error err;
        FILE *out = fopen(copy, "wb");

        cr_assert_eq(fwrite(f.bytes, 1, f.len, out), f.len);
        fclose(out);
        first = plugin_build_open(fixture("greeter"), dir, &err);
        second = plugin_build_open(copy, dir, &err);
        other = plugin_build_open(fixture("recorder"), dir, &err);
        cr_assert_not_null(first);
        cr_assert_eq(first, second);
        cr_assert_neq(first, other);
        cr_assert_eq(plugin_build_count(), 2u);
        cr_assert_eq(strlen(first->id), 64u);
        free(copy);
        free(f.bytes);
        remove_dir(dir);
}

Test(build, a_file_replaced_in_place_does_not_disturb_the_loaded_one)
{
        struct file one = slurp(fixture("recorder_beside")), two = slurp(fixture("recorder_beside_v2"));
        char *dir = private_dir(), *path = memory_printf("%s/plugin.so", dir);
        const struct plugin_build *first, *second;
        struct pawl_error err;
        FILE *out = fopen(path, "wb");

        cr_assert_eq(fwrite(one.bytes, 1, one.len, out), one.len);
        fclose(out);
        first = plugin_build_open(path, dir, &err);
        cr_assert_not_null(first, "%s", err.text);
        out = fopen(path, "wb"); /* the same inode, overwritten */
        cr_assert_eq(fwrite(two.bytes, 1, two.len, out), two.len);
        fclose(out);
        second = plugin_build_open(path, dir, &err);
        cr_assert_not_null(second, "%s", err.text);
        cr_assert_eq(strncmp(first->descriptor.plugin.version.ptr, "1.0.0", 5), 0);
        cr_assert_eq(strncmp(second->descriptor.plugin.version.ptr, "2.0.0", 5), 0);
        free(path);
        free(one.bytes);
        free(two.bytes);
        remove_dir(dir);
}

Test(build, copies_of_dead_processes_are_removed)
{
        char *dir = private_dir(), *stale = memory_printf("%s/%d.1.so", dir, 1 << 22);
        struct pawl_error err;

        fclose(fopen(stale, "w")); /* beyond the largest process id */
        cr_assert_not_null(plugin_build_open(fixture("greeter"), dir, &err));
        cr_assert_neq(access(stale, F_OK), 0);
        free(stale);
        remove_dir(dir);
}

Test(build, a_refused_build_is_not_loaded_twice)
{
        char *dir = private_dir();
        struct pawl_error first, again;

        cr_assert_null(plugin_build_open(fixture("hostile_descriptor"), dir, &first));
        cr_assert_null(plugin_build_open(fixture("hostile_descriptor"), dir, &again));
        cr_assert_str_eq(first.text, again.text);
        cr_assert_eq(plugin_build_count(), 1u);
        remove_dir(dir);
}

Test(build, beside_is_decided_by_both_builds)
{
        char *dir = private_dir();
        struct plugin_file greeter, unique;
        const struct plugin_build *build;
        struct pawl_error err;

        build = plugin_build_open(fixture("greeter"), dir, &err);
        cr_assert(plugin_file_judge(fixture("greeter"), &greeter, &err));
        cr_assert(plugin_file_judge(fixture("unique"), &unique, &err));
        cr_assert_null(plugin_not_beside(build, &greeter), "the same build needs no loading");
        cr_assert_not_null(plugin_not_beside(build, &unique));
        remove_dir(dir);
}

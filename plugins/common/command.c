#include "common/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool command_reply(struct pawl_ctx *ctx, const char *fmt, ...)
{
        char *text = NULL;
        bool ok;
        int len;
        va_list ap;

        va_start(ap, fmt);
        len = vasprintf(&text, fmt, ap);
        va_end(ap);
        if (len < 0)
                return false;
        ok = pawl_reply(ctx, pawl_bytes(text, (size_t)len));
        free(text);
        return ok;
}

/* The place of the option `arg` begins with, and what follows its name: "" or "=VALUE". -1: there is no such option. */
static int find_option(struct pawl_str arg, const char *const *names, size_t count, struct pawl_str *rest)
{
        for (size_t i = 0; i < count; i++) {
                size_t len = 2 + strlen(names[i]);

                if (arg.len < len || memcmp(arg.ptr, "--", 2) != 0 || memcmp(arg.ptr + 2, names[i], len - 2) != 0)
                        continue;
                if (arg.len > len && arg.ptr[len] != '=')
                        continue;
                *rest = pawl_bytes(arg.ptr + len, arg.len - len);
                return (int)i;
        }
        return -1;
}

static bool refuse_option(struct pawl_ctx *ctx, struct pawl_str arg, const char *why, const char *const *names,
                          size_t count)
{
        char shown[128];

        command_reply(ctx, "%s: %s; options:", command_printable(arg, shown, sizeof shown), why);
        for (size_t i = 0; i < count; i++)
                command_reply(ctx, " --%s", names[i]);
        command_reply(ctx, "\n");
        return false;
}

bool command_options(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, const char *const *names,
                     struct pawl_str *values, size_t count)
{
        for (size_t i = 0; i < count; i++)
                values[i] = pawl_text(NULL);
        for (uint32_t a = 0; a < argc; a++) {
                struct pawl_str rest;
                int option = find_option(argv[a], names, count, &rest);

                if (option < 0)
                        return refuse_option(ctx, argv[a], "no such option", names, count);
                if (rest.len > 0)
                        values[option] = pawl_bytes(rest.ptr + 1, rest.len - 1);
                else if (a + 1 < argc)
                        values[option] = argv[++a];
                else
                        return refuse_option(ctx, argv[a], "expected a value behind it", names, count);
        }
        return true;
}

bool command_number(struct pawl_str text, int64_t *number)
{
        char copy[32];
        char *end;
        long long n;

        if (text.len == 0 || text.len >= sizeof copy || strspn(text.ptr, "-0123456789") < text.len)
                return false;
        memcpy(copy, text.ptr, text.len);
        copy[text.len] = '\0';
        errno = 0;
        n = strtoll(copy, &end, 10);
        if (errno != 0 || *end != '\0')
                return false;
        *number = n;
        return true;
}

/* How many bytes at `p` are a control character: ASCII's, or one of U+0080 to U+009F, which terminals obey too. */
static size_t control_length(const unsigned char *p, size_t left)
{
        if (p[0] < 0x20 || p[0] == 0x7f)
                return 1;
        if (left >= 2 && p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
                return 2;
        return 0;
}

const char *command_printable(struct pawl_str text, char *out, size_t size)
{
        size_t used = 0;

        if (text.ptr == NULL)
                text = pawl_text("-");
        for (size_t i = 0; i < text.len && used + 1 < size;) {
                size_t control = control_length((const unsigned char *)text.ptr + i, text.len - i);

                out[used++] = control ? '?' : text.ptr[i];
                i += control ? control : 1;
        }
        out[used] = '\0';
        return out;
}

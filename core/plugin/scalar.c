#include "plugin/scalar.h"

#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = {
    [PAWL_TYPE_BOOL] = "true or false",
    [PAWL_TYPE_INT] = "an integer",
    [PAWL_TYPE_NUMBER] = "a number",
    [PAWL_TYPE_STRING] = "a string",
    [PAWL_TYPE_DURATION] = "a duration such as \"30s\"",
    [PAWL_TYPE_SIZE] = "a size such as \"10MiB\"",
    [PAWL_TYPE_PATH] = "a path",
    [PAWL_TYPE_SECRET] = "a string",
    [PAWL_TYPE_LIST] = "a list",
    [PAWL_TYPE_TABLE] = "a group { … }",
};

bool scalar_type(uint32_t type)
{
        return type >= PAWL_TYPE_BOOL && type <= PAWL_TYPE_SECRET;
}

const char *scalar_type_name(uint32_t type)
{
        return type >= PAWL_TYPE_BOOL && type <= PAWL_TYPE_TABLE ? type_names[type] : "nothing";
}

static bool parse_int(const char *text, int64_t *out, struct pawl_error *err)
{
        char *end;
        long long n;

        errno = 0;
        n = strtoll(text, &end, 0);
        if (end == text || *end != '\0' || errno != 0)
                return error_set(err, "expected an integer, found \"%s\"", text);
        *out = n;
        return true;
}

static bool parse_number(const char *text, double *out, struct pawl_error *err)
{
        char *end;

        *out = strtod(text, &end);
        if (end == text || *end != '\0' || !isfinite(*out))
                return error_set(err, "expected a number, found \"%s\"", text);
        return true;
}

/* One end of a range, in the unit of the type. */
static bool parse_bound(uint32_t type, const char *text, int64_t *integer, double *number, struct pawl_error *err)
{
        switch (type) {
        case PAWL_TYPE_DURATION:
                return text_duration(text, integer, err);
        case PAWL_TYPE_SIZE:
                return text_size(text, integer, err);
        case PAWL_TYPE_NUMBER:
                return parse_number(text, number, err);
        default:
                return parse_int(text, integer, err);
        }
}

static bool parse_bounds(uint32_t type, const char *text, const char *dots, struct scalar_range *r,
                         struct pawl_error *err)
{
        char low[64];
        size_t len = (size_t)(dots - text);

        if (len >= sizeof low)
                return error_set(err, "expected a range such as \"1..100\", found \"%s\"", text);
        memcpy(low, text, len);
        low[len] = '\0';
        r->has_min = len > 0;
        r->has_max = dots[2] != '\0';
        r->of_numbers = type == PAWL_TYPE_NUMBER;
        if (r->has_min && !parse_bound(type, low, &r->min, &r->fmin, err))
                return false;
        if (r->has_max && !parse_bound(type, dots + 2, &r->max, &r->fmax, err))
                return false;
        if (r->has_min && r->has_max && (r->of_numbers ? r->fmin > r->fmax : r->min > r->max))
                return error_set(err, "expected the lower bound first, found \"%s\"", text);
        return true;
}

bool scalar_range_parse(uint32_t type, struct pawl_str text, struct scalar_range *range, struct pawl_error *err)
{
        const char *dots;

        memset(range, 0, sizeof *range);
        if (text.len == 0)
                return true;
        if (type == PAWL_TYPE_BOOL || type == PAWL_TYPE_TABLE)
                return error_set(err, "expected no range for %s, found \"%s\"", scalar_type_name(type), text.ptr);
        dots = strstr(text.ptr, "..");
        if (dots != NULL)
                return parse_bounds(type, text.ptr, dots, range, err);
        if (type != PAWL_TYPE_STRING)
                return error_set(err, "expected a range such as \"1..100\", found \"%s\"", text.ptr);
        range->choices = text;
        return true;
}

static bool choice_holds(struct pawl_str choices, struct pawl_str value)
{
        const char *at = choices.ptr, *end = choices.ptr + choices.len;

        while (at <= end) {
                const char *bar = memchr(at, '|', (size_t)(end - at));
                size_t len = (size_t)((bar != NULL ? bar : end) - at);

                if (len == value.len && memcmp(at, value.ptr, len) == 0)
                        return true;
                at += len + 1;
        }
        return false;
}

bool scalar_range_holds(const struct scalar_range *range, const struct pawl_value *value)
{
        int64_t n = value->integer;

        if (range->choices.ptr != NULL)
                return choice_holds(range->choices, value->string);
        if (range->of_numbers)
                return (!range->has_min || value->number >= range->fmin) &&
                       (!range->has_max || value->number <= range->fmax);
        if (value->type == PAWL_TYPE_STRING || value->type == PAWL_TYPE_PATH || value->type == PAWL_TYPE_SECRET)
                n = (int64_t)value->string.len;
        if (value->type == PAWL_TYPE_LIST)
                n = value->count;
        return (!range->has_min || n >= range->min) && (!range->has_max || n <= range->max);
}

static bool parse_bool(const char *text, int64_t *out, struct pawl_error *err)
{
        *out = strcmp(text, "true") == 0;
        return *out != 0 || strcmp(text, "false") == 0 || error_set(err, "expected true or false, found \"%s\"", text);
}

bool scalar_from_text(uint32_t type, struct pawl_str text, struct pawl_value *out, struct pawl_error *err)
{
        bool ok = true;

        memset(out, 0, sizeof *out);
        out->type = type;
        switch (type) {
        case PAWL_TYPE_BOOL:
                ok = parse_bool(text.ptr, &out->integer, err);
                break;
        case PAWL_TYPE_INT:
                ok = parse_int(text.ptr, &out->integer, err);
                break;
        case PAWL_TYPE_DURATION:
                ok = text_duration(text.ptr, &out->integer, err);
                break;
        case PAWL_TYPE_SIZE:
                ok = text_size(text.ptr, &out->integer, err);
                break;
        case PAWL_TYPE_NUMBER:
                return parse_number(text.ptr, &out->number, err);
        default:
                out->string = text;
        }
        out->number = (double)out->integer;
        return ok;
}

bool scalar_from_config(uint32_t type, const struct config_value *v, struct pawl_value *out, struct pawl_error *err)
{
        bool is_text = v->type == CONFIG_VALUE_STRING, ok;
        char found[96];

        memset(out, 0, sizeof *out);
        out->type = type;
        switch (type) {
        case PAWL_TYPE_BOOL:
                ok = v->type == CONFIG_VALUE_BOOL;
                out->integer = ok && v->boolean;
                break;
        case PAWL_TYPE_INT:
                ok = v->type == CONFIG_VALUE_INT;
                out->integer = ok ? v->integer : 0;
                break;
        case PAWL_TYPE_NUMBER:
                ok = v->type == CONFIG_VALUE_INT || (v->type == CONFIG_VALUE_FLOAT && isfinite(v->number));
                out->number = ok ? v->number : 0;
                return ok || error_set(err, "expected a number, found %s", config_value_describe(v, found));
        case PAWL_TYPE_DURATION:
                if (!config_value_duration(v, &out->integer, err))
                        return false;
                ok = true;
                break;
        case PAWL_TYPE_SIZE:
                if (!config_value_size(v, &out->integer, err))
                        return false;
                ok = true;
                break;
        default:
                ok = is_text;
                if (is_text)
                        out->string = pawl_bytes(v->text, v->text_len);
        }
        out->number = (double)out->integer;
        return ok || error_set(err, "expected %s, found %s", scalar_type_name(type), config_value_describe(v, found));
}

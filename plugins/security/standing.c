#include "standing.h"

#include "common/iso_time.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[STANDING_COUNT] = {
    [STANDING_INCOMPLETE] = "incomplete",
    [STANDING_PENDING_SECURITY] = "pending_security",
    [STANDING_PENDING_MANAGER] = "pending_manager",
    [STANDING_APPROVED] = "approved",
    [STANDING_REJECTED] = "rejected",
};

/* How many of the required types there are, stand at each result, and of security's are not approved. */
struct count {
        unsigned required;
        unsigned of[RESULT_COUNT];
        unsigned security_open;
};

static struct count count_types(const struct policy *policy, const struct verification v[TYPE_COUNT], int64_t now)
{
        struct count count = {0};

        for (unsigned t = 0; t < TYPE_COUNT; t++) {
                enum verification_result result = verification_at(&v[t], now);

                if (!policy->required[t])
                        continue;
                count.required++;
                count.of[result]++;
                count.security_open += result != RESULT_APPROVED && !policy->manager[t];
        }
        return count;
}

enum standing standing_at(const struct policy *policy, const struct verification v[TYPE_COUNT], int64_t now)
{
        struct count count = count_types(policy, v, now);

        if (count.of[RESULT_REJECTED] > 0)
                return STANDING_REJECTED;
        if (count.of[RESULT_APPROVED] == count.required)
                return STANDING_APPROVED;
        if (count.of[RESULT_UNKNOWN] == count.required)
                return STANDING_INCOMPLETE;
        return count.security_open > 0 ? STANDING_PENDING_SECURITY : STANDING_PENDING_MANAGER;
}

enum standing standing_written(const struct policy *policy, const struct verification v[TYPE_COUNT])
{
        return standing_at(policy, v, INT64_MIN);
}

bool standing_open(const struct policy *policy, const struct verification v[TYPE_COUNT], int64_t now)
{
        struct count count = count_types(policy, v, now);

        return count.of[RESULT_UNKNOWN] > 0 && count.of[RESULT_REJECTED] == 0;
}

static PAWL_PRINTF(3, 4) void add(char out[STANDING_REASON_SIZE], size_t *used, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        if (*used < STANDING_REASON_SIZE)
                *used += (size_t)vsnprintf(out + *used, STANDING_REASON_SIZE - *used, fmt, ap);
        va_end(ap);
}

static void add_type(char out[STANDING_REASON_SIZE], size_t *used, enum verification_type type,
                     const struct verification *v, int64_t now)
{
        enum verification_result result = verification_at(v, now);
        char time[ISO_TIME_SIZE];

        add(out, used, "%s%s: %s", *used ? "; " : "", verification_type_name(type), verification_result_name(result));
        if (result == RESULT_EXPIRED)
                add(out, used, " since %s", iso_time_format(v->expires_at, time));
        else if (result == RESULT_REJECTED)
                add(out, used, " by user %" PRId64, v->decided_by);
}

const char *standing_reason(const struct policy *policy, const struct verification v[TYPE_COUNT], int64_t now,
                            char out[STANDING_REASON_SIZE])
{
        enum standing standing = standing_at(policy, v, now);
        size_t used = 0;

        if (standing == STANDING_INCOMPLETE)
                add(out, &used, "no verification is known");
        for (enum verification_type t = 0; t < TYPE_COUNT && standing != STANDING_INCOMPLETE; t++) {
                if (policy->required[t] &&
                    (standing == STANDING_APPROVED || verification_at(&v[t], now) != RESULT_APPROVED))
                        add_type(out, &used, t, &v[t], now);
        }
        return out;
}

const char *standing_name(enum standing standing)
{
        return names[standing];
}

bool standing_parse(struct pawl_str name, enum standing *standing)
{
        for (enum standing s = 0; s < STANDING_COUNT; s++) {
                if (strlen(names[s]) == name.len && memcmp(names[s], name.ptr, name.len) == 0) {
                        *standing = s;
                        return true;
                }
        }
        return false;
}

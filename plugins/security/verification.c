#include "verification.h"

#include <string.h>

static const char *const type_names[TYPE_COUNT] = {
    [TYPE_IDENTITY] = "identity",
    [TYPE_DOCUMENTS] = "documents",
    [TYPE_BACKGROUND_CHECK] = "background_check",
};

static const char *const result_names[RESULT_COUNT] = {
    [RESULT_UNKNOWN] = "not known", [RESULT_PENDING] = "pending", [RESULT_APPROVED] = "approved",
    [RESULT_REJECTED] = "rejected", [RESULT_EXPIRED] = "expired",
};

static bool is(struct pawl_str name, const char *text)
{
        return strlen(text) == name.len && memcmp(text, name.ptr, name.len) == 0;
}

const char *verification_type_name(enum verification_type type)
{
        return type_names[type];
}

bool verification_type_parse(struct pawl_str name, enum verification_type *type)
{
        for (enum verification_type t = 0; t < TYPE_COUNT; t++) {
                if (is(name, type_names[t])) {
                        *type = t;
                        return true;
                }
        }
        return false;
}

const char *verification_result_name(enum verification_result result)
{
        return result_names[result];
}

bool verification_result_parse(struct pawl_str name, enum verification_result *result)
{
        for (enum verification_result r = RESULT_PENDING; r < RESULT_COUNT; r++) {
                if (is(name, result_names[r])) {
                        *result = r;
                        return true;
                }
        }
        return false;
}

enum verification_result verification_at(const struct verification *v, int64_t now)
{
        if (v->result == RESULT_APPROVED && v->expires_at != 0 && v->expires_at <= now)
                return RESULT_EXPIRED;
        return v->result;
}

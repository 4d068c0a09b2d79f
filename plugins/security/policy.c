#include "policy.h"

/* An approval's end is a time that must fit, and be written: a century is far enough. */
#define VALIDITY(name, default_text, help) PAWL_SETTING_DURATION(name, default_text, "0s..36500d", help)

static const struct pawl_setting validity_fields[] = {
    VALIDITY("identity", "365d", "how long an approved identity counts; 0: for ever"),
    VALIDITY("documents", "365d", "how long approved documents count; 0: for ever"),
    VALIDITY("background_check", "180d", "how long an approved background check counts; 0: for ever"),
};

const struct pawl_setting policy_settings[5] = {
    PAWL_SETTING(PAWL_TYPE_LIST, 0, PAWL_TYPE_STRING, "required", PAWL_ABSENT, PAWL_ABSENT, PAWL_STR("1.."),
                 "types that must be approved before a contractor gets access; without it all three", PAWL_NONE),
    PAWL_SETTING_LIST(0, PAWL_TYPE_STRING, "manager_types",
                      "types that the manager decides; without it the background check"),
    PAWL_SETTING_TABLE(0, "validity", validity_fields, "how long an approval counts, from the time of its event"),
    PAWL_SETTING_INT("granted_by", "1", "0..", "the user in whose name access is granted and revoked"),
    PAWL_SETTING_DURATION("verification_wait", "1min", "0s..2min",
                          "how long an assignment waits for a verification that is not known, from the event's time"),
};

/* The types that a list names; without the list `otherwise`, a set of bits. */
static bool read_types(struct pawl_instance *instance, const char *name, unsigned otherwise, bool types[TYPE_COUNT])
{
        const struct pawl_value *list = pawl_setting_value(instance, name);
        uint32_t count = pawl_value_count(instance, list);

        for (unsigned t = 0; t < TYPE_COUNT; t++)
                types[t] = list == NULL && (otherwise >> t & 1u);
        for (uint32_t i = 0; i < count; i++) {
                struct pawl_str text = pawl_value_string(instance, pawl_value_at(instance, list, i, NULL));
                enum verification_type type;

                if (!verification_type_parse(text, &type))
                        return pawl_fail(instance,
                                         "%s: expected identity, documents or background_check, found \"%.*s\"", name,
                                         (int)text.len, text.ptr);
                if (types[type])
                        return pawl_fail(instance, "%s: \"%.*s\" stands there twice", name, (int)text.len, text.ptr);
                types[type] = true;
        }
        return true;
}

bool policy_read(struct pawl_instance *instance, struct policy *policy)
{
        const struct pawl_value *validity = pawl_setting_value(instance, "validity");

        if (!read_types(instance, "required", (1u << TYPE_COUNT) - 1, policy->required) ||
            !read_types(instance, "manager_types", 1u << TYPE_BACKGROUND_CHECK, policy->manager))
                return false;
        for (enum verification_type t = 0; t < TYPE_COUNT; t++)
                policy->validity[t] =
                    pawl_value_int(instance, pawl_value_member(instance, validity, verification_type_name(t)));
        policy->user = pawl_setting_int(instance, "granted_by");
        policy->wait = pawl_setting_int(instance, "verification_wait");
        return true;
}

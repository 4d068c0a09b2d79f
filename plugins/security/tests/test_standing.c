/* The state machine, without the plugin around it. */
#include "standing.h"

#include <criterion/criterion.h>
#include <string.h>

#define NOW PAWL_S(1000000)

static const struct policy all = {.required = {true, true, true}, .manager = {false, false, true}};

/* A letter a type: identity, documents, background check. - not known, p pending, a approved, r rejected, x over by its time, e expired. */
static void make(const char *letters, struct verification v[TYPE_COUNT])
{
        for (unsigned t = 0; t < TYPE_COUNT; t++) {
                v[t] = (struct verification){.decided_by = 7};
                v[t].result = letters[t] == 'p'                        ? RESULT_PENDING
                              : letters[t] == 'a' || letters[t] == 'x' ? RESULT_APPROVED
                              : letters[t] == 'r'                      ? RESULT_REJECTED
                              : letters[t] == 'e'                      ? RESULT_EXPIRED
                                                                       : RESULT_UNKNOWN;
                if (letters[t] == 'a')
                        v[t].expires_at = NOW + 1;
                if (letters[t] == 'x' || letters[t] == 'e')
                        v[t].expires_at = NOW;
        }
}

static void expect(const struct policy *policy, const char *letters, const char *standing)
{
        struct verification v[TYPE_COUNT];

        make(letters, v);
        cr_assert_str_eq(standing_name(standing_at(policy, v, NOW)), standing, "%s", letters);
}

Test(standing, follows_from_what_is_known_of_each_type)
{
        static const struct {
                const char *letters;
                const char *standing;
        } rows[] = {
            {"---", "incomplete"},       {"p--", "pending_security"}, {"a--", "pending_security"},
            {"--a", "pending_security"}, {"a-a", "pending_security"}, {"ap-", "pending_security"},
            {"aap", "pending_manager"},  {"aa-", "pending_manager"},  {"aaa", "approved"},
            {"r--", "rejected"},         {"aar", "rejected"},         {"ppr", "rejected"},
            {"xaa", "pending_security"}, {"eaa", "pending_security"}, {"aax", "pending_manager"},
            {"xxx", "pending_security"}, {"rxx", "rejected"},
        };

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                expect(&all, rows[i].letters, rows[i].standing);
}

Test(standing, only_the_required_types_count)
{
        static const struct policy two = {.required = {true, true, false}, .manager = {false, false, true}};

        expect(&two, "aa-", "approved");
        expect(&two, "aar", "approved");
        expect(&two, "--a", "incomplete");
        expect(&two, "a-a", "pending_security");
}

Test(standing, the_policy_says_which_types_are_the_managers)
{
        static const struct policy manager = {.required = {true, true, true}, .manager = {true, true, true}};
        static const struct policy security = {.required = {true, true, true}};

        expect(&manager, "p--", "pending_manager");
        expect(&security, "aap", "pending_security");
}

Test(standing, the_reason_names_every_type_that_is_not_approved)
{
        char reason[STANDING_REASON_SIZE];
        struct verification v[TYPE_COUNT];

        make("r-x", v);
        cr_assert_str_eq(standing_reason(&all, v, NOW, reason),
                         "identity: rejected by user 7; documents: not known; "
                         "background_check: expired since 1970-01-12T13:46:40.000000+00:00");
        make("aap", v);
        cr_assert_str_eq(standing_reason(&all, v, NOW, reason), "background_check: pending");
        make("aaa", v);
        cr_assert_str_eq(standing_reason(&all, v, NOW, reason),
                         "identity: approved; documents: approved; background_check: approved");
        make("---", v);
        cr_assert_str_eq(standing_reason(&all, v, NOW, reason), "no verification is known");
}

Test(standing, is_open_while_a_type_is_not_known_and_none_is_rejected)
{
        struct verification v[TYPE_COUNT];

        make("aa-", v);
        cr_assert(standing_open(&all, v, NOW));
        make("aap", v);
        cr_assert_not(standing_open(&all, v, NOW));
        make("ar-", v);
        cr_assert_not(standing_open(&all, v, NOW));
}

Test(standing, names_are_read_back)
{
        for (enum standing s = 0; s < STANDING_COUNT; s++) {
                enum standing read = STANDING_COUNT;

                cr_assert(standing_parse(pawl_text(standing_name(s)), &read));
                cr_assert_eq(read, s);
        }
        cr_assert_not(standing_parse(pawl_text("approve"), &(enum standing){0}));
}

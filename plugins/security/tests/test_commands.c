/* `pawlctl security …`. */
#include "security_fixture.h"

#include <string.h>

TestSuite(commands, .init = fixture_make, .fini = fixture_end);

static void expect_part(const char *text, const char *part)
{
        cr_assert_not_null(strstr(text, part), "expected %s in\n%s", part, text);
}

Test(commands, show_prints_state_verifications_accesses_and_history)
{
        const char *text;

        verify(17, "identity", "approved");
        verify(17, "documents", "approved");
        assign(4, 17);
        verify(17, "background_check", "approved");
        assign(5, 17);
        reject(17, "documents");
        text = answer(0, "show", "17", NULL);
        expect_part(text, "contractor 17: rejected\n");
        expect_part(text, "  identity          approved by user 7 at ");
        expect_part(text, ", until ");
        expect_part(text, "  (Паспорт проверен)  [\"паспорт\"]\n");
        expect_part(text, "  documents         rejected by user 8 at ");
        expect_part(text, "access\n  request 4  refused at ");
        expect_part(text, " by user 9  (background_check: not known)\n");
        expect_part(text, "  request 5  granted at ");
        expect_part(text, "  revoked at ");
        expect_part(text, " by user 9  (documents: rejected by user 8)\n");
        expect_part(text, "history\n");
        expect_part(text, "  security.contractor_verified  incomplete -> pending_security  (Паспорт проверен)\n");
        expect_part(text, "  security.contractor_rejected  approved -> rejected  (Документ поддельный)\n");
        expect_part(text, "  workflow.contractor_assigned  request 5\n");
}

Test(commands, show_says_what_is_not_known)
{
        verify(17, "identity", "approved");
        expect_part(answer(0, "show", "17", NULL), "  documents         not known\n");
        expect_part(answer(1, "show", "18", NULL), "contractor 18 is unknown: no event about him was handled\n");
        expect_part(answer(2, "show", "abc", NULL), "expected the id of one contractor");
        expect_part(answer(2, "show", NULL), "expected the id of one contractor");
        expect_part(answer(2, "show", "-1", NULL), "expected the id of one contractor");
}

Test(commands, without_a_database_each_says_so)
{
        expect_part(answer(1, "show", "17", NULL), "security.db");
        expect_part(answer(1, "list", NULL), "security.db");
        expect_part(answer(1, "revoke", "17", "--reason", "x", "--by", "1", NULL), "has no access");
}

Test(commands, list_prints_how_contractors_stand_and_takes_a_state)
{
        verify_all(17);
        assign(5, 17);
        verify(18, "identity", "pending");
        assign(6, 19);
        expect_part(answer(0, "list", NULL), "17  approved  access to 1 requests");
        expect_part(answer(0, "list", NULL),
                    "18  pending_security  access to 0 requests  (identity: pending; documents: not known; "
                    "background_check: not known)\n19  incomplete  access to 0 requests  (no verification is known)\n");
        cr_assert_null(strstr(answer(0, "list", "--state", "approved", NULL), "18 "));
        expect_part(answer(2, "list", "--state", "good", NULL),
                    "expected one of incomplete pending_security pending_manager approved rejected\n");
}

Test(commands, revoke_ends_all_accesses_and_tells_it)
{
        const char *text;

        verify_all(17);
        assign(5, 17);
        assign(6, 17);
        expect_part(answer(0, "revoke", "17", "--reason", "Жалоба", "--by", "3", NULL),
                    "access to 2 requests is revoked\n");
        cr_assert_eq(running(), 0);
        text = published(host, 4);
        expect_part(text, "\"contractor_id\":17,\"request_id\":5,\"revoked_by\":3,\"reason\":\"Жалоба\"");
        expect_part(text, "\"user_id\":3,\"user_role\":\"security\",\"action\":\"access_revoked\","
                          "\"resource_type\":\"request\",\"resource_id\":6,");
        expect_part(answer(1, "revoke", "17", "--reason", "Жалоба", "--by", "3", NULL),
                    "contractor 17 has no access that could be revoked\n");
        expect_part(answer(0, "show", "17", NULL), "  revoke  (Жалоба)\n");
        verify(17, "identity", "approved");
        cr_assert_eq(running(), 0);
}

Test(commands, revoke_ends_the_access_to_one_request)
{
        verify_all(17);
        assign(5, 17);
        assign(6, 17);
        answer(0, "revoke", "17", "--request", "6", "--reason=Жалоба", "--by", "3", NULL);
        cr_assert_eq(running(), 1);
        cr_assert_eq(sql("SELECT request_id FROM access WHERE revoked_at IS NULL"), 5);
        published(host, 2);
}

Test(commands, revoke_wants_who_and_why)
{
        expect_part(answer(2, "revoke", NULL), "the id of a contractor");
        expect_part(answer(2, "revoke", "17", "--by", "3", NULL), "--reason with a text");
        expect_part(answer(2, "revoke", "17", "--reason", "x", NULL), "--by with your user id");
        expect_part(answer(2, "revoke", "17", "--reason", "x", "--by", "me", NULL), "--by with your user id");
        expect_part(answer(2, "revoke", "17", "--request", "x", "--reason", "x", "--by", "3", NULL), "--request with");
        expect_part(answer(2, "revoke", "17", "--why", "x", NULL), "no such option");
}

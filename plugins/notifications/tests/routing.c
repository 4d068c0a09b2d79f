/*
 * Who gets what: each shipped rule, down to the rows that the sender works from.
 */
#include "kit.h"

#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

TestSuite(routing, .init = kit_set_up, .fini = kit_tear_down, .timeout = 60);

Test(routing, a_created_request_is_confirmed_to_its_customer_by_email)
{
        create_request(1);
        cr_assert_str_eq(rows(WHO), "request_confirmation|email|1|anna@example.org|ru\n");
        cr_assert(strstr(text_of("request_confirmation"), "Заявка №5 принята: Ремонт холодильника/"));
        cr_assert(strstr(text_of("request_confirmation"), "Здравствуйте, Анна!"));
        cr_assert(strstr(text_of("request_confirmation"), "Срочность:      критическая"), "%s",
                  text_of("request_confirmation"));
        cr_assert(strstr(rows("SELECT html FROM deliveries"), "<b>Ремонт холодильника</b>"));
}

Test(routing, a_customer_is_written_to_in_his_language)
{
        create_request(2);
        cr_assert_str_eq(rows(WHO), "request_confirmation|email|2|john@example.org|en\n");
        cr_assert(strstr(text_of("request_confirmation"), "Request 5 received"));
}

Test(routing, an_assigned_manager_is_told_on_the_channel_he_prefers)
{
        create_request(1);
        forget();
        feed("workflow.manager_assigned",
             "\"request_id\":5,\"manager_id\":7,\"assigned_by\":1,\"assignment_reason\":\"регион\"");
        cr_assert_str_eq(rows(WHO), "manager_assignment|sms|7|+79160000007|ru\n");
        cr_assert(strstr(text_of("manager_assignment"), "Вам назначена заявка №5: Ремонт холодильника"));
}

Test(routing, a_manager_who_is_not_known_is_reached_by_his_region)
{
        create_request(1);
        forget();
        feed("workflow.manager_assigned", "\"request_id\":5,\"manager_id\":99,\"assigned_by\":1");
        cr_assert_str_eq(rows(WHO), "manager_assignment|email|99|tver@example.org|ru\n");
        cr_assert(strstr(text_of("manager_assignment"), "Здравствуйте, коллега!"));
}

Test(routing, an_escalation_is_told_at_once_by_sms_whatever_the_hour)
{
        create_request(1);
        forget();
        feed("workflow.manager_assigned", "\"request_id\":5,\"manager_id\":7,\"assigned_by\":1,"
                                          "\"assignment_reason\":\"deadline missed: manager_review\"");
        cr_assert_str_eq(rows(WHO), "manager_escalation|sms|7|+79160000007|ru\n");
        cr_assert_str_eq(rows("SELECT next_attempt = created FROM deliveries"), "1\n");
}

Test(routing, an_assigned_contractor_is_told_on_telegram_and_the_customer_by_email)
{
        create_request(1);
        forget();
        feed("workflow.contractor_assigned",
             "\"request_id\":5,\"contractor_id\":9,\"manager_id\":7,\"previous_status\":\"sent_to_contractors\"");
        cr_assert_str_eq(rows(WHO), "assignment|telegram|9|900|ru\ncontractor_assigned|email|1|anna@example.org|ru\n");
        cr_assert_str_eq(rows("SELECT address_name FROM deliveries WHERE channel = 'telegram'"), "sergey_k\n");
        cr_assert(strstr(text_of("assignment"), "Менеджер: Пётр"), "%s", text_of("assignment"));
        cr_assert(strstr(text_of("contractor_assigned"), "Исполнитель:    Сергей"), "%s",
                  text_of("contractor_assigned"));
}

Test(routing, completed_work_is_told_to_the_customer_and_reported_to_the_manager)
{
        create_request(2);
        feed("workflow.manager_assigned", "\"request_id\":5,\"manager_id\":7,\"assigned_by\":1");
        forget();
        feed("workflow.work_completed", "\"request_id\":5,\"contractor_id\":9,\"completion_data\":{},"
                                        "\"completion_notes\":\"Заменён компрессор\"");
        cr_assert_str_eq(rows(WHO), "completion|telegram|2|200|en\ncompletion_report|email|7|petr@example.org|ru\n");
        cr_assert(strstr(text_of("completion_report"), "Заменён компрессор"));
        cr_assert(strstr(text_of("completion_report"), "Заказчик:       John"), "%s", text_of("completion_report"));
}

Test(routing, a_question_goes_to_the_customer)
{
        create_request(1);
        forget();
        feed("request.clarification_needed",
             "\"request_id\":5,\"customer_id\":1,\"manager_id\":7,\"question\":\"Какая модель?\"");
        cr_assert_str_eq(rows(WHO), "clarification|email|1|anna@example.org|ru\n");
        cr_assert(strstr(text_of("clarification"), "Какая модель?"));
}

Test(routing, a_cancellation_is_told_to_all_who_take_part)
{
        const char *cancelled =
            "\"request_id\":5,\"customer_id\":1,\"cancelled_by\":1,\"cancellation_reason\":\"Продан\"";

        create_request(1);
        forget();
        feed("request.cancelled", cancelled);
        cr_assert_str_eq(rows(WHO), "cancellation|email|1|anna@example.org|ru\n");
        feed("workflow.contractor_assigned",
             "\"request_id\":5,\"contractor_id\":9,\"manager_id\":7,\"previous_status\":\"sent_to_contractors\"");
        forget();
        feed("request.cancelled", cancelled);
        cr_assert_str_eq(rows(WHO),
                         "cancellation|email|1|anna@example.org|ru\ncancellation_notice|sms|7|+79160000007|ru\n"
                         "cancellation_notice|email|9|sergey@example.org|ru\n");
}

Test(routing, a_payment_is_told_to_the_contractor)
{
        create_request(1);
        forget();
        feed("hr.payment_processed",
             "\"contractor_id\":9,\"request_id\":5,\"amount\":9500.5,\"payment_reference\":\"ПП-17\"");
        cr_assert_str_eq(rows(WHO), "payment|email|9|sergey@example.org|ru\n");
        cr_assert(strstr(text_of("payment"), "9500.50 руб.") && strstr(text_of("payment"), "ПП-17"));
}

Test(routing, a_repeated_event_adds_nothing)
{
        const char *json =
            "{\"event_type\":\"request.created\",\"event_id\":\"same\",\"request_id\":6,\"customer_id\":1,"
            "\"title\":\"t\",\"description\":\"d\",\"urgency\":\"low\",\"region\":\"r\",\"city\":\"c\","
            "\"address\":\"a\"}";
        struct testhost_result r;

        for (int i = 0; i < 3; i++) {
                testhost_feed(host, &(struct testhost_event){.topic = "request-events", .json = json}, &r);
                cr_assert_eq(r.result, PAWL_OK);
                testhost_result_clear(&r);
        }
        cr_assert_str_eq(rows("SELECT count(*) FROM deliveries"), "1\n");
}

Test(routing, quiet_hours_put_a_message_off_and_its_deadline_with_it)
{
        create_request(3);
        cr_assert_str_eq(rows("SELECT next_attempt > created, deadline - next_attempt FROM deliveries"),
                         "1|3600000000000\n");
}

Test(routing, who_has_no_address_is_a_failed_delivery_with_the_reason)
{
        create_request(4);
        cr_assert_str_eq(rows("SELECT state, recipient_id, address, error FROM deliveries"),
                         "failed|4||customer 4 has no address for a configured channel of this message\n");
        forget();
        create_request(404);
        cr_assert_str_eq(rows("SELECT state, error FROM deliveries"), "failed|no address is known of customer 404\n");
}

Test(routing, an_event_ahead_of_its_request_waits_a_minute_and_then_goes_with_what_is_known)
{
        const char *assigned = "\"request_id\":77,\"manager_id\":7,\"assigned_by\":1";
        const char *completed = "\"request_id\":78,\"contractor_id\":9,\"completion_data\":{}";
        int64_t now = (int64_t)time(NULL) * PAWL_S(1);

        cr_assert_eq(feed_at("workflow.manager_assigned", assigned, 0), PAWL_WAIT);
        cr_assert_eq(feed_at("workflow.manager_assigned", assigned, now - PAWL_S(61)), PAWL_OK);
        cr_assert(strstr(text_of("manager_assignment"), "заявка №77: —"), "%s", text_of("manager_assignment"));
        cr_assert_eq(feed_at("workflow.work_completed", completed, now + PAWL_S(3600)), PAWL_OK);
        cr_assert_str_eq(rows("SELECT message_type, state, error FROM deliveries WHERE request_id = 78"),
                         "completion|failed|the customer of request 78 is not known\n"
                         "completion_report|failed|the manager of request 78 is not known\n");
}

Test(routing, events_that_nobody_is_told_of_are_remembered_and_write_no_row)
{
        create_request(1);
        forget();
        feed("request.updated",
             "\"request_id\":5,\"customer_id\":2,\"updated_fields\":{\"title\":\"Ремонт печи\"},\"updated_by\":1");
        feed("workflow.work_started", "\"request_id\":5,\"contractor_id\":9");
        feed("hr.document_created",
             "\"document_id\":\"d\",\"contractor_id\":9,\"request_id\":5,\"document_type\":\"invoice\"");
        cr_assert_str_eq(rows(WHO), "");
        cr_assert_str_eq(rows("SELECT title, city, customer_id, contractor_id FROM requests"),
                         "Ремонт печи|Тверь|2|9\n");
}

/* The host makes a dead letter of it; what was written would make its mended successor look like a repeat. */
Test(routing, of_an_event_that_cannot_be_read_in_full_nothing_is_written)
{
        create_request(1);
        forget();
        cr_assert_eq(feed_at("request.updated",
                             "\"request_id\":5,\"customer_id\":2,\"updated_fields\":{\"title\":\"a\",\"title\":\"b\"},"
                             "\"updated_by\":1",
                             0),
                     PAWL_REJECT);
        cr_assert_str_eq(rows("SELECT title, customer_id FROM requests"), "Ремонт холодильника|1\n");
}

Test(routing, hostile_values_are_only_text)
{
        feed(
            "request.created",
            "\"request_id\":5,\"customer_id\":1,\"title\":\"<script>{{address}}\\r\\nBcc: x@y.z\\u202e\\u0001\","
            "\"description\":\"'); DROP TABLE deliveries; --\",\"urgency\":\"low\",\"region\":\"Тверь\",\"city\":\"c\","
            "\"address\":\"../../etc\"");
        cr_assert_str_eq(rows("SELECT subject FROM deliveries"),
                         "Заявка №5 принята: <script>{{address}}  Bcc: x@y.z \n");
        cr_assert(strstr(rows("SELECT html FROM deliveries"), "<b>&lt;script&gt;{{address}}  Bcc: x@y.z </b>"));
        cr_assert(strstr(rows("SELECT text FROM deliveries"), "'); DROP TABLE deliveries; --"));
}

Test(routing, faults_of_an_event_are_all_in_its_reason)
{
        struct testhost_result r;

        testhost_feed(host,
                      &(struct testhost_event){.topic = "workflow-events",
                                               .json =
                                                   "{\"event_type\":\"workflow.work_completed\",\"request_id\":\"x\"}"},
                      &r);
        cr_assert_eq(r.result, PAWL_REJECT);
        cr_assert(strstr(r.reason, "request_id: expected") && strstr(r.reason, "contractor_id: expected") &&
                      strstr(r.reason, "completion_data: expected"),
                  "%s", r.reason);
        testhost_result_clear(&r);
}

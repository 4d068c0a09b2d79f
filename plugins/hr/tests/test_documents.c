#include "hr_fixture.h"

#include <string.h>
#include <unistd.h>

#define ACT     "documents/2026/act-2026-000001.pdf"
#define INVOICE "documents/2026/invoice-2026-000001.pdf"

TestSuite(documents, .init = fixture_make, .fini = fixture_end);

static bool exists(const char *file)
{
        return access(scratch_path(file), F_OK) == 0;
}

/* ---- What is made, and told ---- */

Test(documents, completed_work_with_an_amount_gives_an_act_and_an_invoice)
{
        const char *ids[2];
        char first[64];

        cr_assert_eq(feed_completed(42, "e-1", TWO_WORKS ",\"amount\":7700.50"), PAWL_OK, "%s", last.reason);
        cr_assert_eq(last.emits.count, 2);
        cr_assert_str_eq(emitted_string(0, "event_type"), "hr.document_created");
        cr_assert_str_eq(last.emits.first->topic, "hr-events");
        cr_assert_eq(last.emits.first->key_len, 2);
        cr_assert_eq(memcmp(last.emits.first->key, "42", 2), 0);
        cr_assert_str_eq(emitted_string(0, "document_type"), "work_completion_act");
        cr_assert_str_eq(emitted_string(1, "document_type"), "invoice");
        cr_assert_eq(json_integer_value(json_object_get(emitted(0), "request_id")), 42);
        cr_assert_eq(json_integer_value(json_object_get(emitted(0), "contractor_id")), 55);
        cr_assert_str_eq(emitted_string(0, "correlation_id"), "c-1");
        cr_assert_str_eq(emitted_string(0, "document_path"), scratch_path(ACT));
        cr_assert_str_eq(emitted_string(1, "document_path"), scratch_path(INVOICE));
        ids[0] = emitted_string(0, "document_id");
        cr_assert_eq(strlen(ids[0]), 36);
        strcpy(first, ids[0]);
        ids[1] = emitted_string(1, "document_id");
        cr_assert_str_neq(first, ids[1]);
        cr_assert(exists(ACT));
        cr_assert(exists(INVOICE));
        cr_assert_eq(sql("SELECT count(*) FROM document WHERE sha256 IS NOT NULL"), 2);
        cr_assert_eq(sql("SELECT amount FROM document WHERE document_type = 'invoice'"), 770050);
}

Test(documents, without_an_amount_only_the_act_is_made)
{
        cr_assert_eq(feed_completed(42, "e-1", TWO_WORKS), PAWL_OK, "%s", last.reason);
        cr_assert_eq(last.emits.count, 1);
        cr_assert_not(exists(INVOICE));
        expect_not_in(text_of(ACT), "к оплате");
        expect_in(text_of(ACT), "Итого по работам, руб.: 7 700,50");
        cr_assert_eq(feed_completed(43, "e-2", TWO_WORKS ",\"amount\":null"), PAWL_OK, "%s", last.reason);
        cr_assert_eq(feed_completed(44, "e-3", "\"amount\":0"), PAWL_OK, "%s", last.reason);
        cr_assert_eq(sql("SELECT count(*) FROM document WHERE document_type = 'invoice'"), 0, "0 is nothing to pay");
}

Test(documents, work_that_nobody_described_is_one_row)
{
        cr_assert_eq(feed_completed(42, "e-1", ""), PAWL_OK, "%s", last.reason);
        expect_in(text_of(ACT), "Работы по заявке № 42");
        cr_assert_eq(feed_completed(43, "e-2", "\"works\":[],\"amount\":1500"), PAWL_OK, "%s", last.reason);
        expect_in(text_of(INVOICE), "Работы по заявке № 43");
        expect_in(text_of(INVOICE), "1 500,00");
}

/* ---- What can be read ---- */

Test(documents, the_act_reads_as_it_should)
{
        const char *text;

        cr_assert_eq(feed_completed(42, "e-1", TWO_WORKS ",\"amount\":7700.50"), PAWL_OK, "%s", last.reason);
        text = text_of(ACT);
        expect_in(text, "Акт № АКТ-2026-000001");
        expect_in(text, "23 ноября 2026 г."); /* where the organisation is, it is the next day already */
        expect_in(text, "Иванов Иван Иванович");
        expect_in(text, "ИНН 770112345678");
        expect_in(text, "ООО «Агрегатор заявок», ИНН 7701234567, КПП 770101001");
        expect_in(text, "Наименование работ");
        expect_in(text, "Замена компрессора");
        expect_in(text, "6 500,50");
        expect_in(text, "Заправка хладагентом");
        expect_in(text, "1,5");
        expect_in(text, "1 200,00");
        expect_in(text, "Сумма прописью: Семь тысяч семьсот рублей 50 копеек.");
        expect_in(text, "стр. 1 из 1");
        expect_not_in(text, "Поправка");
        text = text_of(INVOICE);
        expect_in(text, "Счёт на оплату № СЧЕТ-2026-000001");
        expect_in(text, "Всего к оплате, руб.: 7 700,50");
}

Test(documents, an_amount_that_differs_from_the_works_decides_and_both_are_shown)
{
        cr_assert_eq(feed_completed(42, "e-1", TWO_WORKS ",\"amount\":7000"), PAWL_OK, "%s", last.reason);
        expect_in(text_of(INVOICE), "Итого по работам, руб.: 7 700,50");
        expect_in(text_of(INVOICE), "−700,50");
        expect_in(text_of(INVOICE), "Всего к оплате, руб.: 7 000,00");
        cr_assert_eq(testhost_metric(host, "differing_amounts"), 1);
}

Test(documents, the_fonts_are_embedded_and_the_letters_are_there)
{
        const char *fonts;

        cr_assert_eq(feed_completed(42, "e-1", TWO_WORKS ",\"amount\":7700.50"), PAWL_OK, "%s", last.reason);
        fonts = output_of("pdffonts '%s' | tail -n +3", scratch_path(ACT));
        expect_in(fonts, "+DejaVuSans");
        expect_in(fonts, "+DejaVuSans-Bold");
        /* Embedded, subset, with a map back to Unicode: "yes yes yes" in each line. */
        cr_assert_str_eq(output_of("pdffonts '%s' | tail -n +3 | grep -vc 'yes yes yes' || true", scratch_path(ACT)),
                         "0\n");
}

/* A page as an image has ink where the text says that there is some, and none on its margins. */
Test(documents, a_page_rendered_to_an_image_has_ink_where_its_text_stands)
{
        static unsigned char page[2000000];
        unsigned width, height, deepest;
        size_t dark = 0, margin = 0;
        FILE *image;
        int c;

        cr_assert_eq(feed_completed(42, "e-1", TWO_WORKS ",\"amount\":7700.50"), PAWL_OK, "%s", last.reason);
        output_of("pdftoppm -gray -r 100 -singlefile '%s' '%s'", scratch_path(ACT), scratch_path("page"));
        image = fopen(scratch_path("page.pgm"), "r");
        cr_assert_not_null(image);
        cr_assert_eq(fscanf(image, "P5 %u %u %u", &width, &height, &deepest), 3);
        c = fgetc(image);
        cr_assert_eq(c, '\n');
        cr_assert_leq((size_t)width * height, sizeof page);
        cr_assert_eq(fread(page, 1, (size_t)width * height, image), (size_t)width * height);
        fclose(image);
        for (size_t i = 0; i < (size_t)width * height; i++) {
                dark += page[i] < 128;
                margin += page[i] < 255 && i % width < width / 12;
        }
        cr_assert_gt(dark, 8000, "%zu dark pixels of %u x %u", dark, width, height);
        cr_assert_lt(dark, 80000, "%zu dark pixels of %u x %u", dark, width, height);
        cr_assert_eq(margin, 0);
        /* The text of the title's place alone: 72 points an inch, the first 90 points of the page. */
        expect_in(output_of("pdftotext -r 72 -x 0 -y 0 -W 595 -H 75 '%s' -", scratch_path(ACT)),
                  "Акт № АКТ-2026-000001");
}

static const char *many_works(int count)
{
        static struct buf works;

        buf_clear(&works);
        buf_printf(&works, "\"works\":[");
        for (int i = 1; i <= count; i++)
                buf_printf(&works, "%s{\"name\":\"Работа номер %d\",\"quantity\":2,\"unit\":\"ч\",\"price\":%d.10}",
                           i > 1 ? "," : "", i, i);
        buf_printf(&works, "]");
        return works.data;
}

Test(documents, a_long_table_goes_over_pages_each_with_its_heading_and_number)
{
        cr_assert_eq(feed_completed(42, "e-1", many_works(60)), PAWL_OK, "%s", last.reason);
        expect_in(output_of("pdfinfo '%s'", scratch_path(ACT)), "Pages:           2\n");
        for (int page = 1; page <= 2; page++) {
                char number[64];

                snprintf(number, sizeof number, "стр. %d из 2", page);
                output_of("pdftotext -f %d -l %d -layout '%s' '%s'", page, page, scratch_path(ACT),
                          scratch_path("page.txt"));
                expect_in(output_of("cat '%s'", scratch_path("page.txt")), "Наименование работ");
                expect_in(output_of("cat '%s'", scratch_path("page.txt")), number);
        }
        for (int i = 1; i <= 60; i++) {
                char row[64];

                snprintf(row, sizeof row, "Работа номер %d ", i);
                expect_in(text_of(ACT), row);
        }
        expect_in(text_of(ACT), "Итого по работам, руб.: 3 672,00");
}

Test(documents, a_thousand_works_are_one_document)
{
        cr_assert_eq(feed_completed(42, "e-1", many_works(1000)), PAWL_OK, "%s", last.reason);
        expect_in(text_of(ACT), "Работа номер 1000 ");
        cr_assert_eq(feed_completed(43, "e-2", many_works(1001)), PAWL_REJECT);
        expect_in(last.reason, "completion_data.works: expected an array of at most 1000 works, found [{");
}

/* ---- Numbers ---- */

Test(documents, numbers_have_no_gaps_over_rejected_events_and_restarts)
{
        for (int i = 1; i <= 5; i++) {
                char id[16], bad[16], number[128];

                snprintf(id, sizeof id, "e-%d", i);
                snprintf(bad, sizeof bad, "bad-%d", i);
                cr_assert_eq(feed_completed(100 + i, bad, "\"amount\":-1"), PAWL_REJECT);
                cr_assert_eq(feed_completed(i, id, "\"amount\":10"), PAWL_OK, "%s", last.reason);
                snprintf(number, sizeof number, "SELECT count(*) FROM document WHERE number = 'АКТ-2026-%06d'", i);
                cr_assert_eq(sql(number), 1);
                restart(NULL);
        }
        cr_assert_eq(sql("SELECT count(*) FROM document"), 10);
        cr_assert_eq(sql("SELECT max(ordinal) FROM document"), 5);
}

Test(documents, each_year_and_each_series_counts_for_itself)
{
        cr_assert_eq(feed_completed(1, "e-1", ""), PAWL_OK, "%s", last.reason);
        feed("workflow.work_completed", "2",
             "\"event_id\":\"e-2\",\"timestamp\":\"2025-12-31T21:30:00Z\",\"request_id\":2,\"contractor_id\":55,"
             "\"completion_data\":{}");
        feed("workflow.work_completed", "3",
             "\"event_id\":\"e-3\",\"timestamp\":\"2025-12-31T20:30:00Z\",\"request_id\":3,\"contractor_id\":55,"
             "\"completion_data\":{}");
        restart("series = \"B\";");
        cr_assert_eq(feed_completed(4, "e-4", ""), PAWL_OK, "%s", last.reason);
        cr_assert_str_eq(sql_text("SELECT number FROM document WHERE request_id = 2"), "АКТ-2026-000002");
        cr_assert_str_eq(sql_text("SELECT number FROM document WHERE request_id = 3"), "АКТ-2025-000001");
        cr_assert_str_eq(sql_text("SELECT number FROM document WHERE request_id = 4"), "АКТ-B-2026-000001");
        cr_assert_str_eq(sql_text("SELECT file FROM document WHERE request_id = 4"), "2026/act-B-2026-000001.pdf");
}

/* ---- Bad input ---- */

Test(documents, every_fault_of_the_completion_data_is_named)
{
        cr_assert_eq(
            feed_completed(
                1, NULL,
                "\"works\":[{\"name\":\"\",\"quantity\":0.0001,\"unit\":7,\"price\":\"12\"},5],\"amount\":1.005"),
            PAWL_REJECT);
        cr_assert_str_eq(last.reason,
                         "completion_data.works[0].name: expected a text of 1 to 1000 characters, found \"\"; "
                         "completion_data.works[0].quantity: expected at most 3 decimals, found 0.0001; "
                         "completion_data.works[0].unit: expected a text of 1 to 20 characters, found 7; "
                         "completion_data.works[0].price: expected a number of roubles, found \"12\"; "
                         "completion_data.works[1]: expected an object of name, quantity, unit and price, found 5; "
                         "completion_data.amount: expected at most 2 decimals, found 1.005");
        cr_assert_eq(feed_completed(1, NULL, "\"works\":[{},{\"name\":\"x\",\"pri\\u0063e\":-1}]"), PAWL_REJECT);
        expect_in(last.reason, "completion_data.works[0].price: expected a number of roubles, found nothing");
        expect_in(last.reason, "completion_data.works[1].price: expected a number of 0 or more, found -1");
        cr_assert_eq(feed_completed(1, NULL, "\"works\":{}"), PAWL_REJECT);
        cr_assert_eq(feed_completed(1, NULL, "\"amount\":1e30"), PAWL_REJECT);
        cr_assert_str_eq(last.reason, "completion_data.amount: expected a number of at most 1000000000000, found 1e30");
        cr_assert_eq(feed_completed(1, NULL,
                                    "\"works\":[{\"name\":\"x\",\"price\":1e12},{\"name\":\"y\",\"price\":1}]"),
                     PAWL_REJECT);
        cr_assert_str_eq(last.reason, "completion_data.works[1].price: expected works of at most 1000000000000 roubles "
                                      "together, found 1");
        cr_assert_eq(feed("workflow.work_completed", "1",
                          "\"request_id\":-1,\"contractor_id\":null,\"completion_data\":[]"),
                     PAWL_REJECT);
        expect_in(last.reason, "request_id");
        expect_in(last.reason, "contractor_id");
        expect_in(last.reason, "completion_data");
}

Test(documents, a_price_is_exact_whatever_a_double_makes_of_it)
{
        cr_assert_eq(feed_completed(42, NULL, "\"amount\":999999999999.99"), PAWL_OK, "%s", last.reason);
        cr_assert_eq(sql("SELECT amount FROM document WHERE document_type = 'invoice'"), INT64_C(99999999999999));
        expect_in(text_of(INVOICE), "999 999 999 999,99");
        expect_in(text_of(INVOICE), "Девятьсот девяносто девять миллиардов");
}

Test(documents, what_is_hostile_is_drawn_as_text_and_never_reaches_a_path)
{
        const char *text;

        cr_assert_eq(
            feed("workflow.work_completed", "../../x",
                 "\"event_id\":\"../../../../tmp/evil\",\"correlation_id2\":\"../\",\"timestamp\":\"../../2026\","
                 "\"request_id\":7,\"contractor_id\":8,\"completion_notes\":\"{{number}} <b>bold</b> a\\r\\nb | c\","
                 "\"completion_data\":{\"document_id\":\"../../evil\",\"document_path\":\"/etc/passwd\",\"works\":[{"
                 "\"name\":\"<span size='99999'>{{amount}}</span> '; DROP TABLE document; -- \\u202Eevil\\u202C "
                 "\\u001b[31m\\r\\nX\",\"unit\":\"&amp;\",\"price\":1}]}"),
            PAWL_OK, "%s", last.reason);
        cr_assert_eq(sql("SELECT count(*) FROM document"), 1);
        cr_assert_str_eq(
            output_of(
                "cd '%s' && find . -name '*.pdf' | grep -vcE '^./documents/[0-9]{4}/act-[0-9]{4}-000001.pdf$' || true",
                scratch_path(".")),
            "0\n");
        text = text_of(sql_text("SELECT 'documents/' || file FROM document"));
        expect_in(text, "{{number}} <b>bold</b> a b | c");
        expect_in(text, "size='99999'>{{amount}}");
        expect_in(text, "TABLE document; --");
        expect_in(text, "&amp;");
        expect_in(text, "evil"); /* not turned round */
        expect_not_in(text, "\u202e");
        expect_not_in(text, "\033");
}

Test(documents, long_words_and_long_names_stay_in_their_cells)
{
        static char name[1100], completion[1400];

        memset(name, 'W', 1000);
        snprintf(completion, sizeof completion,
                 "\"works\":[{\"name\":\"%s\",\"price\":1},{\"name\":\"after\",\"price\":2}]", name);
        cr_assert_eq(feed_completed(42, NULL, completion), PAWL_OK, "%s", last.reason);
        expect_in(text_of(ACT), "after");
        memset(name, 'W', 1001);
        snprintf(completion, sizeof completion, "\"works\":[{\"name\":\"%s\",\"price\":1}]", name);
        cr_assert_eq(feed_completed(43, NULL, completion), PAWL_REJECT);
        expect_in(last.reason, "completion_data.works[0].name: expected a text of 1 to 1000 characters, found \"WWW");
}

/* ---- Templates and settings ---- */

static void write_file(const char *name, const char *text)
{
        FILE *file = fopen(scratch_path(name), "w");

        fputs(text, file);
        fclose(file);
}

static void expect_refused(const char *settings, const char *reason)
{
        struct pawl_error err;

        cr_assert_not(testhost_restart(host, NULL, settings, &err));
        expect_in(err.text, reason);
}

Test(documents, a_fault_in_a_template_is_reported_at_load_with_what_exists)
{
        output_of("cp -r '%s' '%s'", HR_TEMPLATES, scratch_path("templates"));
        write_file("templates/invoice.tmpl", "[title]\nСчёт {{nomber}}\n");
        expect_refused("templates = \"templates\";",
                       "templates/invoice.tmpl:2: {{nomber}} is no field; expected one of number, date,");
}

Test(documents, a_contracts_template_has_no_amount)
{
        output_of("cp -r '%s' '%s'", HR_TEMPLATES, scratch_path("templates"));
        write_file("templates/contract.tmpl", "[title]\n\n# comment\nДоговор {{amount}}\n");
        expect_refused("templates = \"templates\";", "templates/contract.tmpl:4: {{amount}} is no field");
}

Test(documents, a_block_that_does_not_exist_is_reported_with_those_that_do)
{
        output_of("cp -r '%s' '%s'", HR_TEMPLATES, scratch_path("templates"));
        write_file("templates/invoice.tmpl", "[tittle]\nСчёт\n");
        expect_refused("templates = \"templates\";",
                       "templates/invoice.tmpl:1: expected the beginning of a block ([title, heading,");
}

Test(documents, settings_that_cannot_be_used_are_refused)
{
        struct pawl_error err;

        cr_assert_not(testhost_swap(host, NULL, FIXTURE_SETTINGS "series = \"../x\";", &err));
        expect_in(err.text, "series: expected at most 16 Latin letters and digits, found \"../x\"");
        cr_assert_not(testhost_swap(host, NULL, FIXTURE_SETTINGS "font = \"No Such Font\";", &err));
        expect_in(err.text, "font: expected the family of an installed font, found \"No Such Font\"");
        cr_assert_not(testhost_swap(host, NULL, "templates = \"" HR_TEMPLATES "\"; utc_offset = \"3h\";", &err));
        expect_in(err.text, "utc_offset: expected an offset like \"+03:00\", found \"3h\"");
}

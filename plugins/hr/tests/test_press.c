#include "press.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#define THREADS 4
#define PRINTS  15

static struct press *press;

static void make(void)
{
        char error[256];

        press = press_new("DejaVu Sans", error, sizeof error);
        cr_assert_not_null(press, "%s", error);
}

static void end(void)
{
        press_free(&press);
}

TestSuite(press, .init = make, .fini = end);

/* Documents that differ in length, so that threads that share something by mistake disturb each other. */
static json_t *content(int number)
{
        json_t *rows = json_array();
        json_t *blocks;

        for (int i = 0; i <= number * 7; i++)
                json_array_append_new(rows,
                                      json_pack("[ssssss]", "1", "Ремонт холодильника", "1", "шт.", "1,00", "2,00"));
        blocks = json_pack("[{ss s[[s]]} {ss s[[ssssss]] so} {ss s[[s] [s]]}]", "kind", "title", "lines", "Заголовок",
                           "kind", "works", "lines", "№", "Имя", "Кол-во", "Ед.", "Цена", "Сумма", "rows", rows, "kind",
                           "text", "lines", "Раз", "Два");
        return json_pack("{ss ss so}", "title", "Проба", "created", "2026-11-22T10:00:00Z", "blocks", blocks);
}

static struct print must_print(int number)
{
        struct print print = {0};
        json_t *c = content(number);
        char error[256];

        cr_assert(press_print(press, c, &print, error, sizeof error), "%s", error);
        json_decref(c);
        return print;
}

static struct print expected[PRINTS];

static void *print_all(void *different)
{
        for (int i = 0; i < PRINTS; i++) {
                struct print print = must_print(i);

                if (print.len != expected[i].len || memcmp(print.bytes, expected[i].bytes, print.len) != 0)
                        *(int *)different = 1;
                print_free(&print);
        }
        return NULL;
}

Test(press, threads_that_print_side_by_side_get_the_bytes_of_one_alone)
{
        pthread_t threads[THREADS];
        int different[THREADS] = {0};

        for (int i = 0; i < PRINTS; i++)
                expected[i] = must_print(i);
        cr_assert_eq(expected[0].pages, 1);
        cr_assert_gt(expected[PRINTS - 1].pages, 2);
        for (int i = 0; i < THREADS; i++)
                cr_assert_eq(pthread_create(&threads[i], NULL, print_all, &different[i]), 0);
        for (int i = 0; i < THREADS; i++) {
                pthread_join(threads[i], NULL);
                cr_assert_eq(different[i], 0);
        }
        for (int i = 0; i < PRINTS; i++)
                print_free(&expected[i]);
}

Test(press, a_font_that_is_not_installed_is_refused)
{
        char error[256];

        cr_assert_null(press_new("No Such Font", error, sizeof error));
        cr_assert_not_null(strstr(error, "fonts-dejavu-core"), "%s", error);
}

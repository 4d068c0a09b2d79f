#include "money.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static int64_t amount(const char *text)
{
        const char *expected;
        int64_t value = -1;

        decimal_parse(pawl_text(text), MONEY_PLACES, MONEY_MAX, &value, &expected);
        return value;
}

static const char *refusal(const char *text, unsigned places)
{
        const char *expected = NULL;
        int64_t value = -1;

        cr_assert_not(decimal_parse(pawl_text(text), places, places == 2 ? MONEY_MAX : QUANTITY_MAX, &value, &expected),
                      "%s", text);
        cr_assert_eq(value, -1);
        return expected;
}

Test(money, a_numbers_text_is_read_exactly)
{
        cr_assert_eq(amount("0"), 0);
        cr_assert_eq(amount("-0.00"), 0);
        cr_assert_eq(amount("0.01"), 1);
        cr_assert_eq(amount("0.1"), 10);
        cr_assert_eq(amount("1234.5"), 123450);
        cr_assert_eq(amount("4500"), 450000);
        cr_assert_eq(amount("4500.0"), 450000);
        cr_assert_eq(amount("4500.500000000000000000000000000000000000000000000000000000000000000000000"), 450050);
        cr_assert_eq(amount("0.29"), 29, "a double would make 28 of it");
        cr_assert_eq(amount("999999999999.99"), INT64_C(99999999999999));
        cr_assert_eq(amount("1000000000000"), MONEY_MAX);
        cr_assert_eq(amount("1.5e3"), 150000);
        cr_assert_eq(amount("15E+2"), 150000);
        cr_assert_eq(amount("150000e-2"), 150000);
        cr_assert_eq(amount("0e99999999999999999999"), 0);
}

Test(money, what_is_no_amount_is_refused_with_what_was_expected)
{
        cr_assert_str_eq(refusal("-0.01", 2), "a number of 0 or more");
        cr_assert_str_eq(refusal("1.005", 2), "at most 2 decimals");
        cr_assert_str_eq(refusal("0.0001", 3), "at most 3 decimals");
        cr_assert_str_eq(refusal("1e-3", 2), "at most 2 decimals");
        cr_assert_str_eq(refusal("1000000000000.01", 2), "a number of at most 1000000000000");
        cr_assert_str_eq(refusal("1e308", 2), "a number of at most 1000000000000");
        cr_assert_str_eq(refusal("1e99999999999999999999", 2), "a number of at most 1000000000000");
        cr_assert_str_eq(refusal("1e-99999999999999999999", 2), "at most 2 decimals");
        cr_assert_str_eq(refusal("9223372036854775808", 2), "a number of at most 1000000000000");
        cr_assert_str_eq(refusal("1000000000.001", 3), "a number of at most 1000000000");
        cr_assert_str_eq(refusal("0.1234567890123456789012345678901234567890123456789012345678901234567890", 2),
                         "a number of fewer digits");
}

Test(money, a_sum_is_rounded_half_up)
{
        int64_t sum;

        cr_assert(money_times(333, 1500, &sum));
        cr_assert_eq(sum, 500, "3,33 x 1,5 = 4,995");
        cr_assert(money_times(1, 499, &sum));
        cr_assert_eq(sum, 0);
        cr_assert(money_times(1, 500, &sum));
        cr_assert_eq(sum, 1);
        cr_assert(money_times(MONEY_MAX, 1000, &sum));
        cr_assert_eq(sum, MONEY_MAX);
        cr_assert_not(money_times(MONEY_MAX, 1001, &sum));
        cr_assert_not(money_times(MONEY_MAX, QUANTITY_MAX, &sum));
}

Test(money, amounts_are_written_as_russians_and_as_json_write_them)
{
        char text[MONEY_TEXT_SIZE];

        cr_assert_str_eq(money_text(0, text), "0,00");
        cr_assert_str_eq(money_text(99999, text), "999,99");
        cr_assert_str_eq(money_text(123450, text), "1\u00a0234,50");
        cr_assert_str_eq(money_text(-3405, text), "\u221234,05");
        cr_assert_str_eq(money_text(MONEY_MAX, text), "1\u00a0000\u00a0000\u00a0000\u00a0000,00");
        cr_assert_str_eq(money_json(123405, text), "1234.05");
        cr_assert_str_eq(money_json(MONEY_MAX, text), "1000000000000.00");
        cr_assert_str_eq(quantity_text(2000, text), "2");
        cr_assert_str_eq(quantity_text(1500, text), "1,5");
        cr_assert_str_eq(quantity_text(125, text), "0,125");
        cr_assert_str_eq(quantity_text(10000000, text), "10\u00a0000");
}

Test(money, words_agree_in_gender_and_number)
{
        static const struct {
                int64_t kopecks;
                const char *words;
        } samples[] = {
            {0, "Ноль рублей 00 копеек"},
            {1, "Ноль рублей 01 копейка"},
            {102, "Один рубль 02 копейки"},
            {205, "Два рубля 05 копеек"},
            {511, "Пять рублей 11 копеек"},
            {1121, "Одиннадцать рублей 21 копейка"},
            {1400, "Четырнадцать рублей 00 копеек"},
            {2100, "Двадцать один рубль 00 копеек"},
            {4200, "Сорок два рубля 00 копеек"},
            {10000, "Сто рублей 00 копеек"},
            {11100, "Сто одиннадцать рублей 00 копеек"},
            {90000, "Девятьсот рублей 00 копеек"},
            {100000, "Одна тысяча рублей 00 копеек"},
            {123450, "Одна тысяча двести тридцать четыре рубля 50 копеек"},
            {200000, "Две тысячи рублей 00 копеек"},
            {1100000, "Одиннадцать тысяч рублей 00 копеек"},
            {2100100, "Двадцать одна тысяча один рубль 00 копеек"},
            {4200200, "Сорок две тысячи два рубля 00 копеек"},
            {100000000, "Один миллион рублей 00 копеек"},
            {200000100, "Два миллиона один рубль 00 копеек"},
            {121200000, "Один миллион двести двенадцать тысяч рублей 00 копеек"},
            {INT64_C(500000000000), "Пять миллиардов рублей 00 копеек"},
            {INT64_C(99999999999999),
             "Девятьсот девяносто девять миллиардов девятьсот девяносто девять миллионов девятьсот девяносто девять "
             "тысяч девятьсот девяносто девять рублей 99 копеек"},
            {MONEY_MAX, "Один триллион рублей 00 копеек"},
        };
        char words[MONEY_WORDS_SIZE];

        for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
                cr_assert_str_eq(money_words(samples[i].kopecks, words), samples[i].words);
}

/* The words of every number below a million, read back by a table of their values. */
static int64_t value_of(const char *word)
{
        static const struct {
                const char *stem;
                int64_t value;
        } stems[] = {{"ноль", 0},          {"один", 1},          {"одна", 1},         {"два", 2},
                     {"две", 2},           {"три", 3},           {"четыре", 4},       {"пять", 5},
                     {"шесть", 6},         {"семь", 7},          {"восемь", 8},       {"девять", 9},
                     {"десять", 10},       {"одиннадцать", 11},  {"двенадцать", 12},  {"тринадцать", 13},
                     {"четырнадцать", 14}, {"пятнадцать", 15},   {"шестнадцать", 16}, {"семнадцать", 17},
                     {"восемнадцать", 18}, {"девятнадцать", 19}, {"двадцать", 20},    {"тридцать", 30},
                     {"сорок", 40},        {"пятьдесят", 50},    {"шестьдесят", 60},  {"семьдесят", 70},
                     {"восемьдесят", 80},  {"девяносто", 90},    {"сто", 100},        {"двести", 200},
                     {"триста", 300},      {"четыреста", 400},   {"пятьсот", 500},    {"шестьсот", 600},
                     {"семьсот", 700},     {"восемьсот", 800},   {"девятьсот", 900}};

        for (size_t i = 0; i < sizeof stems / sizeof stems[0]; i++) {
                /* The first letter is a capital in the first word: its second byte may differ, and the first of some. */
                if (strlen(word) == strlen(stems[i].stem) && strcmp(word + 2, stems[i].stem + 2) == 0 &&
                    strcmp(word + 2, "ва") != 0)
                        return stems[i].value;
                if (strcmp(word + 2, "ва") == 0)
                        return 2;
        }
        return -1;
}

Test(money, words_of_every_number_below_a_million_say_that_number)
{
        char words[MONEY_WORDS_SIZE];

        for (int64_t n = 0; n < 1000000; n += n < 22000 ? 1 : 37) {
                int64_t read = 0;
                char *save = NULL;

                money_words(n * 100, words);
                for (char *word = strtok_r(words, " ", &save); strncmp(word, "рубл", 8) != 0;
                     word = strtok_r(NULL, " ", &save)) {
                        int64_t value = strncmp(word, "тысяч", 10) == 0 ? -1 : value_of(word);

                        cr_assert(value >= 0 || strncmp(word, "тысяч", 10) == 0, "%s in %d", word, (int)n);
                        read = value < 0 ? read * 1000 : read + value;
                }
                cr_assert_eq(read, n, "%d read as %d", (int)n, (int)read);
        }
}

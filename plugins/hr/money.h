/*
 * Amounts in roubles as exact decimals: kopecks in an int64_t, read from a JSON number's text and never by way of a double.
 * Pure; any thread.
 */
#ifndef HR_MONEY_H
#define HR_MONEY_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MONEY_PLACES    2
#define MONEY_MAX       INT64_C(100000000000000) /* kopecks: 10^12 roubles */
#define QUANTITY_PLACES 3
#define QUANTITY_MAX    INT64_C(1000000000000) /* thousandths: 10^9 */

#define MONEY_TEXT_SIZE  48
#define MONEY_WORDS_SIZE 512

/*
 * The value of a JSON number's text, times 10^places: "1234.5" with 2 places is 123450. What counts is the value, not the spelling: "1.50e2" is
 * 150. False, and *expected says what would have been right, when it is negative, above `max`, or has more decimals.
 */
bool decimal_parse(struct pawl_str text, unsigned places, int64_t max, int64_t *value, const char **expected);

/* Price times quantity, rounded half up to kopecks. False: above MONEY_MAX. */
bool money_times(int64_t price, int64_t quantity, int64_t *sum);

/* "1 234,50", with no-break spaces, and a minus sign where it is negative. Returns `out`. */
const char *money_text(int64_t kopecks, char out[MONEY_TEXT_SIZE]);

/* "1234.50": a JSON number. Of 0 or more. Returns `out`. */
const char *money_json(int64_t kopecks, char out[MONEY_TEXT_SIZE]);

/* "2", "1,5", "0,125": without the zeros that say nothing. Returns `out`. */
const char *quantity_text(int64_t thousandths, char out[MONEY_TEXT_SIZE]);

/* "Одна тысяча двести тридцать четыре рубля 50 копеек". Of 0 to MONEY_MAX. Returns `out`. */
const char *money_words(int64_t kopecks, char out[MONEY_WORDS_SIZE]);

/* Which of a noun's forms a number takes: 0 "рубль" (1, 21), 1 "рубля" (2, 3, 4, 22), 2 "рублей" (0, 5, 11, 12). */
int plural_form(int64_t number);

#endif

#include "money.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GROUP_SPACE "\xc2\xa0"     /* U+00A0: a number is never broken over two lines */
#define MINUS       "\xe2\x88\x92" /* U+2212 */

/* ---- Reading ---- */

/* A JSON number taken apart: `digits` of it, without leading zeros, times 10^exponent. */
struct decimal {
        bool negative;
        char digits[64];
        size_t count;
        int64_t exponent;
};

/* An exponent that no digits make up for is cut, so that it cannot overflow. */
#define EXPONENT_LIMIT 100000

static bool take_digit(struct decimal *d, char c, bool fraction)
{
        if (d->count == 0 && c == '0') {
                d->exponent -= fraction;
                return true;
        }
        /* Digits beyond the buffer make it too large, or too fine, whatever they are; unless all of them are zeros. */
        if (d->count == sizeof d->digits) {
                d->exponent += !fraction;
                return c == '0';
        }
        d->digits[d->count++] = c;
        d->exponent -= fraction;
        return true;
}

/* False when there are more digits than any amount has. The text is a JSON number: the host has checked that. */
static bool take_apart(struct pawl_str text, struct decimal *d)
{
        bool fraction = false;
        size_t i = 0;

        memset(d, 0, sizeof *d);
        if (text.len > 0 && text.ptr[0] == '-') {
                d->negative = true;
                i++;
        }
        for (; i < text.len && text.ptr[i] != 'e' && text.ptr[i] != 'E'; i++) {
                if (text.ptr[i] == '.')
                        fraction = true;
                else if (!take_digit(d, text.ptr[i], fraction))
                        return false;
        }
        if (i < text.len) {
                bool down = ++i < text.len && text.ptr[i] == '-';
                int64_t written = 0;

                for (i += i < text.len && (down || text.ptr[i] == '+'); i < text.len; i++)
                        written = written < EXPONENT_LIMIT ? written * 10 + (text.ptr[i] - '0') : written;
                d->exponent += down ? -written : written;
        }
        while (d->count > 0 && d->digits[d->count - 1] == '0') {
                d->count--;
                d->exponent++;
        }
        return true;
}

static const char *const too_fine[] = {"a number without decimals", "at most 1 decimal", "at most 2 decimals",
                                       "at most 3 decimals"};

bool decimal_parse(struct pawl_str text, unsigned places, int64_t max, int64_t *value, const char **expected)
{
        struct decimal d;
        int64_t result = 0;

        if (!take_apart(text, &d)) {
                *expected = "a number of fewer digits";
                return false;
        }
        if (d.negative && d.count > 0) {
                *expected = "a number of 0 or more";
                return false;
        }
        d.exponent += places;
        if (d.count > 0 && d.exponent < 0) {
                *expected = too_fine[places];
                return false;
        }
        *expected = max == MONEY_MAX ? "a number of at most 1000000000000" : "a number of at most 1000000000";
        if (d.count > 0 && d.exponent + (int64_t)d.count > 18)
                return false;
        for (size_t i = 0; i < d.count; i++)
                result = result * 10 + (d.digits[i] - '0');
        for (int64_t i = 0; d.count > 0 && i < d.exponent; i++)
                result *= 10;
        if (result > max)
                return false;
        *value = result;
        return true;
}

/* Both are of 0 or more and below 2^47: their product needs more than 64 bits. */
bool money_times(int64_t price, int64_t quantity, int64_t *sum)
{
        __extension__ typedef unsigned __int128 wide;
        wide product = (wide)(uint64_t)price * (uint64_t)quantity;
        wide rounded = (product + 500) / 1000;

        if (rounded > (wide)MONEY_MAX)
                return false;
        *sum = (int64_t)rounded;
        return true;
}

/* ---- Writing ---- */

/* The whole roubles in groups of three. */
static size_t write_groups(uint64_t n, char *out, size_t size)
{
        char digits[24];
        size_t count = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, n);
        size_t used = 0;

        for (size_t i = 0; i < count; i++) {
                if (i > 0 && (count - i) % 3 == 0)
                        used += (size_t)snprintf(out + used, size - used, GROUP_SPACE);
                out[used++] = digits[i];
        }
        out[used] = '\0';
        return used;
}

static uint64_t magnitude(int64_t n)
{
        return n < 0 ? -(uint64_t)n : (uint64_t)n;
}

const char *money_text(int64_t kopecks, char out[MONEY_TEXT_SIZE])
{
        size_t used = (size_t)snprintf(out, MONEY_TEXT_SIZE, "%s", kopecks < 0 ? MINUS : "");

        used += write_groups(magnitude(kopecks) / 100, out + used, MONEY_TEXT_SIZE - used);
        snprintf(out + used, MONEY_TEXT_SIZE - used, ",%02u", (unsigned)(magnitude(kopecks) % 100));
        return out;
}

const char *money_json(int64_t kopecks, char out[MONEY_TEXT_SIZE])
{
        snprintf(out, MONEY_TEXT_SIZE, "%" PRId64 ".%02d", kopecks / 100, (int)(kopecks % 100));
        return out;
}

const char *quantity_text(int64_t thousandths, char out[MONEY_TEXT_SIZE])
{
        size_t used = write_groups(magnitude(thousandths) / 1000, out, MONEY_TEXT_SIZE);
        unsigned fraction = (unsigned)(magnitude(thousandths) % 1000);

        if (fraction == 0)
                return out;
        used += (size_t)snprintf(out + used, MONEY_TEXT_SIZE - used, ",%03u", fraction);
        while (out[used - 1] == '0')
                out[--used] = '\0';
        return out;
}

/* ---- In words ---- */

static const char *const units[] = {"",           "один",        "два",        "три",          "четыре",
                                    "пять",       "шесть",       "семь",       "восемь",       "девять",
                                    "десять",     "одиннадцать", "двенадцать", "тринадцать",   "четырнадцать",
                                    "пятнадцать", "шестнадцать", "семнадцать", "восемнадцать", "девятнадцать"};
static const char *const feminine_units[] = {"", "одна", "две"};
static const char *const tens[] = {"",          "",           "двадцать",  "тридцать",    "сорок",
                                   "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто"};
static const char *const hundreds[] = {"",        "сто",      "двести",  "триста",    "четыреста",
                                       "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"};

static const struct scale {
        int64_t value;
        bool feminine;
        const char *forms[3];
} scales[] = {
    {INT64_C(1000000000000), false, {"триллион", "триллиона", "триллионов"}},
    {INT64_C(1000000000), false, {"миллиард", "миллиарда", "миллиардов"}},
    {INT64_C(1000000), false, {"миллион", "миллиона", "миллионов"}},
    {INT64_C(1000), true, {"тысяча", "тысячи", "тысяч"}},
};

static const char *const roubles[] = {"рубль", "рубля", "рублей"};
static const char *const kopeck_forms[] = {"копейка", "копейки", "копеек"};

int plural_form(int64_t number)
{
        int last = (int)(number % 10);
        int last_two = (int)(number % 100);

        if (last_two >= 11 && last_two <= 14)
                return 2;
        if (last == 1)
                return 0;
        return last >= 2 && last <= 4 ? 1 : 2;
}

static void add_word(char *out, const char *word)
{
        size_t len = strlen(out);

        if (word[0] != '\0')
                snprintf(out + len, MONEY_WORDS_SIZE - len, "%s%s", len > 0 ? " " : "", word);
}

/* A number of 1 to 999. */
static void add_hundreds(char *out, int number, bool feminine)
{
        int rest = number % 100;

        add_word(out, hundreds[number / 100]);
        if (rest >= 20) {
                add_word(out, tens[rest / 10]);
                rest %= 10;
        }
        add_word(out, feminine && rest <= 2 ? feminine_units[rest] : units[rest]);
}

/* The first letter of these words is a small Cyrillic one: U+0430 to U+044F. */
static void capitalise(char *text)
{
        unsigned char *p = (unsigned char *)text;

        if (p[0] == 0xd0 && p[1] >= 0xb0) {
                p[1] = (unsigned char)(p[1] - 0x20);
        } else if (p[0] == 0xd1 && p[1] <= 0x8f) {
                p[0] = 0xd0;
                p[1] = (unsigned char)(p[1] + 0x20);
        }
}

const char *money_words(int64_t kopecks, char out[MONEY_WORDS_SIZE])
{
        int64_t whole = kopecks / 100;
        int64_t left = whole;
        char last[32];

        out[0] = '\0';
        for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
                int64_t count = left / scales[i].value;

                if (count == 0)
                        continue;
                add_hundreds(out, (int)count, scales[i].feminine);
                add_word(out, scales[i].forms[plural_form(count)]);
                left %= scales[i].value;
        }
        add_hundreds(out, (int)left, false);
        if (whole == 0)
                add_word(out, "ноль");
        add_word(out, roubles[plural_form(whole)]);
        snprintf(last, sizeof last, "%02d", (int)(kopecks % 100));
        add_word(out, last);
        add_word(out, kopeck_forms[plural_form(kopecks % 100)]);
        capitalise(out);
        return out;
}

#include "person.h"

#include "address.h"
#include "quiet.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES  200
#define LIST_SEPARATORS " ;"

static bool role_valid(const char *text)
{
        static const char *const roles[] = {"admin",   "customer", "contractor", "service_engineer",
                                            "manager", "security", "hr"};

        for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
                if (strcmp(roles[i], text) == 0)
                        return true;
        }
        return false;
}

/* One line of text for people. */
static bool text_valid(const char *text)
{
        if (strlen(text) > NAME_MAX_BYTES || !g_utf8_validate(text, -1, NULL))
                return false;
        for (; *text != '\0'; text = g_utf8_next_char(text)) {
                if (g_unichar_iscntrl(g_utf8_get_char(text)))
                        return false;
        }
        return true;
}

static bool email_valid(const char *text)
{
        return address_valid(ADDRESS_EMAIL, text);
}

static bool chat_valid(const char *text)
{
        return address_valid(ADDRESS_TELEGRAM, text);
}

static bool phone_valid(const char *text)
{
        return address_valid(ADDRESS_SMS, text);
}

static bool username_valid(const char *text)
{
        text += text[0] == '@';
        return strlen(text) >= 4 && strlen(text) <= 32 &&
               strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text);
}

static bool language_valid(const char *text)
{
        return strlen(text) >= 2 && strlen(text) <= 8 && strspn(text, "abcdefghijklmnopqrstuvwxyz") >= 2 &&
               strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") == strlen(text);
}

static bool channels_valid(const char *text)
{
        unsigned seen = 0;

        for (text += strspn(text, LIST_SEPARATORS); *text != '\0'; text += strspn(text, LIST_SEPARATORS)) {
                size_t len = strcspn(text, LIST_SEPARATORS);
                int kind = address_kind(text, len);

                if (kind < 0 || (seen & 1u << kind) != 0)
                        return false;
                seen |= 1u << kind;
                text += len;
        }
        return true;
}

static bool minutes_valid(const char *text)
{
        return quiet_minutes(text) >= 0;
}

static bool answer_valid(const char *text)
{
        return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0;
}

static const struct {
        const char *name;
        bool (*valid)(const char *text); /* of what is not empty */
        const char *expected;
} columns[PERSON_VALUES] = {
    [PERSON_ROLE] = {"role", role_valid, "one of admin, customer, contractor, service_engineer, manager, security, hr"},
    [PERSON_NAME] = {"name", text_valid, "one line of at most 200 bytes of UTF-8"},
    [PERSON_EMAIL] = {"email", email_valid, "an e-mail address"},
    [PERSON_TELEGRAM_CHAT_ID] = {"telegram_chat_id", chat_valid, "a chat's number or @name"},
    [PERSON_TELEGRAM_USERNAME] = {"telegram_username", username_valid, "a name of 4 to 32 letters, digits and _"},
    [PERSON_PHONE] = {"phone", phone_valid, "a telephone number like +79991234567"},
    [PERSON_LANGUAGE] = {"language", language_valid, "a language like ru or en"},
    [PERSON_CHANNELS] = {"channels", channels_valid,
                         "email, telegram, sms, each at most once, with spaces between them"},
    [PERSON_QUIET_FROM] = {"quiet_from", minutes_valid, "a time from 00:00 to 23:59"},
    [PERSON_QUIET_TO] = {"quiet_to", minutes_valid, "a time from 00:00 to 23:59"},
    [PERSON_TIME_ZONE] = {"time_zone", quiet_zone_known, "a time zone like Europe/Moscow"},
    [PERSON_REGION] = {"region", text_valid, "one line of at most 200 bytes of UTF-8"},
    [PERSON_UNSUBSCRIBED] = {"unsubscribed", answer_valid, "yes or no"},
};

const char *person_column(enum person_value value)
{
        return columns[value].name;
}

const char *person_columns(void)
{
        return "id, role, name, email, telegram_chat_id, telegram_username, phone, language, channels, quiet_from, quiet_to,"
               " time_zone, region, unsubscribed";
}

bool person_set(struct person *person, enum person_value value, const char *text)
{
        free(person->values[value]);
        person->values[value] = strdup(text);
        return person->values[value] != NULL;
}

/* What stands there, short enough for a line, and harmless for who reads it. Freed with g_free. */
static char *shown(const char *text)
{
        char *valid = g_utf8_make_valid(text, -1);
        char *cut = g_utf8_strlen(valid, -1) > 60 ? g_utf8_substring(valid, 0, 60) : g_strdup(valid);

        g_free(valid);
        for (char *c = cut; *c != '\0'; c++) {
                if (g_ascii_iscntrl(*c))
                        *c = '?';
        }
        return cut;
}

static void check_value(const struct person *person, int i, const char *where, struct faults *faults)
{
        char *found;

        if (person->values[i][0] == '\0' || columns[i].valid(person->values[i]))
                return;
        found = shown(person->values[i]);
        faults_add(faults, "%s: %s: expected %s, found \"%s\"", where, columns[i].name, columns[i].expected, found);
        g_free(found);
}

bool person_check(struct person *person, const char *where, struct faults *faults)
{
        size_t before = faults->count;

        for (int i = 0; i < PERSON_VALUES; i++) {
                if (person->values[i] == NULL && !person_set(person, (enum person_value)i, "")) {
                        faults_add(faults, "%s: out of memory", where);
                        return false;
                }
                check_value(person, i, where, faults);
        }
        if (person->values[PERSON_ROLE][0] == '\0')
                faults_add(faults, "%s: role: expected %s, found nothing", where, columns[PERSON_ROLE].expected);
        if ((person->values[PERSON_QUIET_FROM][0] == '\0') != (person->values[PERSON_QUIET_TO][0] == '\0'))
                faults_add(faults, "%s: quiet_from, quiet_to: expected both or none, found one", where);
        return faults->count == before;
}

const char *person_address(const struct person *person, int channel)
{
        static const enum person_value values[ADDRESS_KINDS] = {
            [ADDRESS_EMAIL] = PERSON_EMAIL, [ADDRESS_TELEGRAM] = PERSON_TELEGRAM_CHAT_ID, [ADDRESS_SMS] = PERSON_PHONE};

        return person->values[values[channel]];
}

void person_clear(struct person *person)
{
        for (int i = 0; i < PERSON_VALUES; i++)
                free(person->values[i]);
        *person = (struct person){.id = PERSON_NOBODY};
}

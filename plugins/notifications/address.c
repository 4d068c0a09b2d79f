#include "address.h"

#include "mail.h"

#include <string.h>

static bool chat_valid(const char *address)
{
        const char *digits = address + (address[0] == '-');
        size_t len = strlen(address);

        if (address[0] == '@')
                return len >= 6 && len <= 33 && address[1] != '_' &&
                       strspn(address + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
                           len - 1;
        return digits[0] >= '1' && digits[0] <= '9' && strlen(digits) <= 18 &&
               strspn(digits, "0123456789") == strlen(digits);
}

static bool phone_valid(const char *address)
{
        size_t len = strlen(address);

        return len >= 8 && len <= 16 && address[0] == '+' && address[1] != '0' &&
               strspn(address + 1, "0123456789") == len - 1;
}

static const struct {
        const char *channel;
        bool (*valid)(const char *address);
        const char *expected;
} kinds[ADDRESS_KINDS] = {
    [ADDRESS_EMAIL] = {"email", mail_address_valid, "an e-mail address"},
    [ADDRESS_TELEGRAM] = {"telegram", chat_valid, "a chat's number or @name"},
    [ADDRESS_SMS] = {"sms", phone_valid, "a telephone number like +79991234567"},
};

int address_kind(const char *name, size_t len)
{
        for (int i = 0; i < ADDRESS_KINDS; i++) {
                if (strlen(kinds[i].channel) == len && memcmp(kinds[i].channel, name, len) == 0)
                        return i;
        }
        return -1;
}

const char *address_channel(int kind)
{
        return kinds[kind].channel;
}

bool address_valid(int kind, const char *address)
{
        return kinds[kind].valid(address);
}

const char *address_expected(int kind)
{
        return kinds[kind].expected;
}

/*
 * The kinds of address, one for each channel: their names, and what can be one. Pure; any thread.
 */
#ifndef NOTIFICATIONS_ADDRESS_H
#define NOTIFICATIONS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

enum address_kind { ADDRESS_EMAIL, ADDRESS_TELEGRAM, ADDRESS_SMS, ADDRESS_KINDS };

#define ADDRESS_CHANNELS "email, telegram or sms"

/* Which kind's channel the first `len` bytes of `name` are ("email", "telegram", "sms"); -1: none's. */
int address_kind(const char *name, size_t len);
const char *address_channel(int kind);

/* An e-mail address; a Telegram chat's number, or @name of a public one; a telephone number by E.164 ("+79991234567"). */
bool address_valid(int kind, const char *address);

/* What was expected where address_valid says no: "an e-mail address". */
const char *address_expected(int kind);

#endif

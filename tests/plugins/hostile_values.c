#include "hostile_values.h"

#include <string.h>

static const char *const values[] = {
    NULL,
    "null",
    "true",
    "0",
    "-1",
    "-9223372036854775808",
    "9223372036854775807",
    "18446744073709551616",
    "1e18",
    "1e308",
    "0.1",
    "1e-400",
    "NaN",
    "\"\"",
    "\"7\"",
    "[]",
    "{}",
    "[null]",
    "[1, \"x\", -1, 9223372036854775807]",
    "[[[[[[[[]]]]]]]]",
    "{\"works\":[{\"name\":{},\"quantity\":-1,\"price\":1e400}],\"amount\":\"x\"}",
    "{\"works\":[{\"name\":\"../\\r\\n{{x}}\\u202e<b>\",\"quantity\":1,\"unit\":\"%n\",\"price\":1e18}],\"amount\":1e18}",
    "{\"works\":[{\"name\":\"Ж\",\"quantity\":0.001,\"unit\":null,\"price\":0.01}],\"amount\":0.005}",
    "{\"works\":\"x\",\"amount\":-5}",
    "{\"'); DROP TABLE request; --\":\"{{x}}\",\"urgency\":[],\"title\":null}",
    "\"'; DROP TABLE request; --\"",
    "\"\\\" OR 1=1\"",
    "\"{{request_id}}{{title}}{{{{\"",
    "\"<script>alert(1)</script>&amp;<b>\"",
    "\"x\\r\\nBcc: everybody@example.org\\r\\n\\r\\nbody\"",
    "\"../../../../etc/passwd\"",
    "\"/etc/passwd\"",
    "\"a\\u0000b\"",
    "\"\\u202Eevil\\u2066\\u200b\\u001b[2J\"",
    "\"%s%n%p%d\"",
    "\"$(reboot)`id`\"",
    "\"\\ud83d\\ude00 Ж \xf0\x9f\xa7\x8a\"",
    "\"\\ud800\"",
    "\"\xff\xfe\xc0\xaf\"",
    "\"=1+1\"",
};

#define VALUES (sizeof values / sizeof values[0])

const size_t hostile_value_count = VALUES + 1;

const char *hostile_value(size_t index)
{
        static char huge[65536];

        if (index < VALUES)
                return values[index];
        memset(huge, 'x', sizeof huge - 1);
        huge[0] = huge[sizeof huge - 2] = '"';
        return huge;
}

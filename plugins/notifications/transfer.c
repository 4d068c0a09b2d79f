#include "transfer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void transfer_free(struct transfer *transfer)
{
        if (transfer == NULL)
                return;
        curl_easy_cleanup(transfer->easy);
        curl_slist_free_all(transfer->list);
        delivery_clear(&transfer->delivery);
        free(transfer->request);
        free(transfer->reply);
        free(transfer);
}

/* The length of the UTF-8 character at `c`; 0: there is none (RFC 3629). */
static size_t character(const unsigned char *c)
{
        static const struct {
                unsigned char lead_min, lead_max, next_min, next_max;
                size_t len;
        } forms[] = {
            {0x20, 0x7e, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
            {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
            {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
        };

        for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
                size_t n = 2;

                if (c[0] < forms[i].lead_min || c[0] > forms[i].lead_max)
                        continue;
                if (forms[i].len > 1 && (c[1] < forms[i].next_min || c[1] > forms[i].next_max))
                        return 0;
                while (n < forms[i].len && (c[n] & 0xc0) == 0x80)
                        n++;
                return n >= forms[i].len ? forms[i].len : 0;
        }
        return 0;
}

void text_clean(char *text)
{
        for (size_t n; *text != '\0'; text += n) {
                n = character((const unsigned char *)text);
                if (n == 0) {
                        *text = (unsigned char)*text < 0x20 ? ' ' : '?';
                        n = 1;
                }
        }
}

void verdict_say(struct verdict *verdict, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(verdict->text, sizeof verdict->text, fmt, ap);
        va_end(ap);
        text_clean(verdict->text);
}

const char *transfer_error(const struct transfer *transfer, CURLcode code)
{
        return transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
}

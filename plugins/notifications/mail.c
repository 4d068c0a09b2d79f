#include "mail.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY_LINE 57 /* bytes that make 76 characters of base64, the longest line that MIME allows */
#define WORD_BYTES                                                                                                     \
        39 /* of one encoded word (RFC 2047): 52 characters of base64; its frame and "Subject: " fit into a line of 76 */
#define ADDRESS_LIMIT 254

bool mail_address_valid(const char *address)
{
        const char *at = strchr(address, '@');

        if (at == NULL || at == address || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
            strlen(address) > ADDRESS_LIMIT)
                return false;
        for (const char *c = address; *c != '\0'; c++) {
                if ((unsigned char)*c <= 0x20 || *c == 0x7f || strchr("<>,;:\"\\()[]", *c) != NULL)
                        return false;
        }
        return true;
}

static void write_base64(FILE *out, const char *bytes, size_t len)
{
        unsigned char text[4 * ((BODY_LINE + 2) / 3) + 1];

        EVP_EncodeBlock(text, (const unsigned char *)bytes, (int)len);
        fputs((const char *)text, out);
}

/* A header's text as encoded words, folded so that no word is too long and no character is cut in two. */
static void write_words(FILE *out, const char *text)
{
        size_t left = strlen(text);

        while (left > 0) {
                size_t n = left < WORD_BYTES ? left : WORD_BYTES;

                while (n < left && n > 1 && ((unsigned char)text[n] & 0xc0) == 0x80)
                        n--;
                fputs("=?UTF-8?B?", out);
                write_base64(out, text, n);
                fputs(left > n ? "?=\r\n " : "?=", out);
                text += n;
                left -= n;
        }
}

static void write_date(FILE *out, int64_t date)
{
        static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        time_t seconds = (time_t)(date / 1000000000);
        struct tm tm;

        gmtime_r(&seconds, &tm);
        fprintf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
                tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void write_headers(FILE *out, const struct mail *mail)
{
        write_date(out, mail->date);
        fputs("From: ", out);
        if (mail->from_name[0] != '\0') {
                write_words(out, mail->from_name);
                fputc(' ', out);
        }
        fprintf(out, "<%s>\r\nTo: <%s>\r\nMessage-ID: <%s>\r\nSubject: ", mail->from, mail->to, mail->message_id);
        write_words(out, mail->subject);
        fputs("\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: base64\r\n\r\n",
              out);
}

/* Text travels with CR LF line ends, inside base64 too (RFC 2045, 6.8). */
static char *canonical(const char *body, size_t *len)
{
        char *text = NULL;
        FILE *out = open_memstream(&text, len);

        if (out == NULL)
                return NULL;
        for (; *body != '\0'; body++) {
                if (*body == '\n')
                        fputc('\r', out);
                if (*body != '\r')
                        fputc(*body, out);
        }
        if (fclose(out) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

char *mail_compose(const struct mail *mail, size_t *len)
{
        size_t all = 0;
        char *text = NULL, *body = canonical(mail->body, &all);
        FILE *out = body ? open_memstream(&text, len) : NULL;

        if (out == NULL) {
                free(body);
                return NULL;
        }
        write_headers(out, mail);
        for (size_t at = 0; at < all; at += BODY_LINE) {
                write_base64(out, body + at, all - at < BODY_LINE ? all - at : BODY_LINE);
                fputs("\r\n", out);
        }
        free(body);
        if (fclose(out) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

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
#define URL_LIMIT     900 /* a header's line holds 998 characters at most (RFC 5322) */
#define BOUNDARY      "=_alternative_="

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

/* How many bytes at `text` are a mark that a reader does not see: a control character, or one that turns the direction of writing. */
static size_t unseen(const char *text)
{
        static const char *const marks[] = {"\xd8\x9c",     "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa",
                                            "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae",
                                            "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9",
                                            "\xe2\x80\xa8", "\xe2\x80\xa9"};

        if ((unsigned char)*text < 0x20 || *text == 0x7f)
                return 1;
        for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
                if (strncmp(text, marks[i], strlen(marks[i])) == 0)
                        return strlen(marks[i]);
        }
        return 0;
}

/* A header's text in one line: what could be taken for a line's end becomes a space, other unseen marks nothing. malloc'ed. */
static char *header_text(const char *text)
{
        char *clean = calloc(1, strlen(text) + 1), *to = clean;

        while (clean != NULL && *text != '\0') {
                size_t n = unseen(text);

                if (n == 0)
                        *to++ = *text;
                else if (*text == '\n' || *text == '\t')
                        *to++ = ' ';
                text += n == 0 ? 1 : n;
        }
        return clean;
}

/* A header's text as encoded words, folded so that no word is too long and no character is cut in two. False: memory. */
static bool write_words(FILE *out, const char *value)
{
        char *clean = header_text(value);
        const char *text = clean;
        size_t left = clean ? strlen(clean) : 0;

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
        free(clean);
        return clean != NULL;
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

/* RFC 2369 and, for a URL that takes a POST, RFC 8058. */
static void write_unsubscribe(FILE *out, const char *url)
{
        bool https = url != NULL && strncmp(url, "https:", 6) == 0;

        if (url == NULL || strlen(url) > URL_LIMIT || (!https && strncmp(url, "mailto:", 7) != 0))
                return;
        for (const char *c = url; *c != '\0'; c++) {
                if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || *c == '<' || *c == '>')
                        return;
        }
        fprintf(out, "List-Unsubscribe: <%s>\r\n", url);
        if (https)
                fputs("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", out);
}

static bool write_headers(FILE *out, const struct mail *mail)
{
        bool ok = true;

        write_date(out, mail->date);
        fputs("From: ", out);
        if (mail->from_name[0] != '\0') {
                ok = write_words(out, mail->from_name);
                fputc(' ', out);
        }
        fprintf(out, "<%s>\r\nTo: <%s>\r\nMessage-ID: <%s>\r\nSubject: ", mail->from, mail->to, mail->message_id);
        ok = write_words(out, mail->subject) && ok;
        fputs("\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n", out);
        write_unsubscribe(out, mail->unsubscribe);
        return ok;
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

/* One representation of the body, with its own headers. False: memory. */
static bool write_part(FILE *out, const char *type, const char *body)
{
        size_t all = 0;
        char *text = canonical(body, &all);

        if (text == NULL)
                return false;
        fprintf(out, "Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n", type);
        for (size_t at = 0; at < all; at += BODY_LINE) {
                write_base64(out, text + at, all - at < BODY_LINE ? all - at : BODY_LINE);
                fputs("\r\n", out);
        }
        free(text);
        return true;
}

/* The boundary holds a character that base64 has not: no body can contain it. */
static bool write_alternatives(FILE *out, const struct mail *mail)
{
        bool ok;

        fputs("Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n\r\n--" BOUNDARY "\r\n", out);
        ok = write_part(out, "text/plain", mail->text);
        fputs("--" BOUNDARY "\r\n", out);
        ok = ok && write_part(out, "text/html", mail->html);
        fputs("--" BOUNDARY "--\r\n", out);
        return ok;
}

char *mail_compose(const struct mail *mail, size_t *len)
{
        char *message = NULL;
        FILE *out = open_memstream(&message, len);
        bool ok;

        if (out == NULL)
                return NULL;
        ok = write_headers(out, mail) &&
             (mail->html != NULL ? write_alternatives(out, mail) : write_part(out, "text/plain", mail->text));
        if (fclose(out) != 0 || !ok) {
                free(message);
                return NULL;
        }
        return message;
}

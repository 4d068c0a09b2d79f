/* Filling a template in. Values are put in as they are and never read for fields themselves. */
#include "template_private.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN  "\xe2\x80\x94" /* an em dash */
#define ELLIPSIS 0x2026

/* What a channel's texts and the values in them may be long, in characters; the figures are what a reader, and the channel, can take. */
static const struct limits {
        const char *channel;
        long value;
        long text;
} limits[] = {
    {"email", 1000, 100000},
    {"telegram", 600, 4000}, /* Telegram takes 4096 */
    {"sms", 60, 335},        /* five parts of 67 characters in UCS-2 */
};

#define SUBJECT_LIMIT 200

static const struct limits *limits_of(const char *channel)
{
        size_t i = 0;

        while (strcmp(limits[i].channel, channel) != 0)
                i++;
        return &limits[i];
}

/* Marks that change the direction in which what stands around them is shown. */
static bool turns_direction(gunichar c)
{
        return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f ||
               c == 0x061c;
}

static bool breaks_line(gunichar c)
{
        return g_unichar_iscntrl(c) || c == 0x2028 || c == 0x2029;
}

static void escape(GString *out, gunichar c)
{
        switch (c) {
        case '&':
                g_string_append(out, "&amp;");
                break;
        case '<':
                g_string_append(out, "&lt;");
                break;
        case '>':
                g_string_append(out, "&gt;");
                break;
        case '"':
                g_string_append(out, "&quot;");
                break;
        case '\'':
                g_string_append(out, "&#39;");
                break;
        default:
                g_string_append_unichar(out, c);
        }
}

/* Adds a value as one piece of text that cannot be anything else. */
static void put_value(GString *out, const char *value, long limit, bool html)
{
        char *valid = g_utf8_make_valid(value, -1);
        long written = 0;

        for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
                gunichar c = g_utf8_get_char(at);

                if (turns_direction(c))
                        continue;
                if (written++ == limit) {
                        g_string_append_unichar(out, ELLIPSIS);
                        break;
                }
                c = breaks_line(c) ? ' ' : c;
                if (html)
                        escape(out, c);
                else
                        g_string_append_unichar(out, c);
        }
        g_free(valid);
}

static bool is(const char *string, const char *name, size_t len)
{
        return strlen(string) == len && memcmp(string, name, len) == 0;
}

/* What to write for a field: its value, or what that is called in the language. */
static const char *value_of(const struct template_set *set, const struct template *t, const char *name, size_t len,
                            const struct message_values *values)
{
        const char *value = NULL;

        for (size_t i = 0; i < values->count && value == NULL; i++) {
                if (is(values->list[i].name, name, len))
                        value = values->list[i].value;
        }
        value = value != NULL ? value : "";
        for (const struct template_word *w = set->words; w != NULL; w = w->next) {
                if (is(w->field, name, len) && strcmp(w->value, value) == 0 && strcmp(w->language, t->language) == 0)
                        return w->word;
        }
        return value[0] != '\0' ? value : UNKNOWN;
}

/* At most `limit` characters, the last an ellipsis where it was longer. Takes `text` over. */
static char *cut(GString *text, long limit)
{
        if (g_utf8_strlen(text->str, -1) > limit) {
                g_string_truncate(text, (gsize)(g_utf8_offset_to_pointer(text->str, limit - 1) - text->str));
                g_string_append_unichar(text, ELLIPSIS);
        }
        return g_string_free(text, FALSE);
}

static char *fill(const struct template_set *set, const struct template *t, const char *pattern,
                  const struct message_values *values, long limit)
{
        const struct limits *l = limits_of(t->channel);
        GString *out = g_string_new(NULL);

        while (*pattern != '\0') {
                const char *open = strstr(pattern, "{{"), *name, *behind;
                size_t len;

                if (open == NULL || (behind = template_field_at(open, &name, &len)) == NULL) {
                        g_string_append(out, pattern);
                        break;
                }
                g_string_append_len(out, pattern, open - pattern);
                put_value(out, value_of(set, t, name, len, values), l->value, t->html);
                pattern = behind;
        }
        return cut(out, limit);
}

/* The template in the language, in the language without its country, in the default one. */
static const struct template *best(const struct template_set *set, const char *message, const char *channel,
                                   const char *language)
{
        char plain[16];
        const struct template *t = template_find(set, message, channel, language, false);

        if (t == NULL) {
                g_strlcpy(plain, language, sizeof plain);
                plain[strcspn(plain, "-")] = '\0';
                t = template_find(set, message, channel, plain, false);
        }
        return t != NULL ? t : template_find(set, message, channel, set->default_language, false);
}

bool template_render(const struct template_set *set, const char *message, const char *channel, const char *language,
                     const struct message_values *values, struct template_text *text)
{
        const struct template *t = best(set, message, channel, language), *html;

        *text = (struct template_text){0};
        if (t == NULL)
                return false;
        html = template_find(set, message, channel, t->language, true);
        text->language = t->language;
        text->subject = fill(set, t, t->subject != NULL ? t->subject : "", values, SUBJECT_LIMIT);
        text->text = fill(set, t, t->body, values, limits_of(channel)->text);
        if (html != NULL)
                text->html = fill(set, html, html->body, values, G_MAXLONG);
        return true;
}

void template_text_free(struct template_text *text)
{
        g_free(text->subject);
        g_free(text->text);
        g_free(text->html);
        *text = (struct template_text){0};
}

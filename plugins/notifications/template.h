/*
 * Message templates: text files with {{fields}}, named MESSAGE.CHANNEL.LANGUAGE.txt in the templates' folder.
 *
 * Of e-mail, the first line is "Subject: …", then comes an empty line, then the text; MESSAGE.email.LANGUAGE.html beside it holds the same
 * as HTML, without a subject. The other channels' files are the text alone. words.LANGUAGE.txt says what values are called in a language,
 * as lines like "urgency.critical = критическая", and with an empty value what stands for one that is not known. All files are read and checked at create, so that a fault is
 * reported when the plugin is loaded, not when the first message goes out. Read only afterwards; any thread.
 */
#ifndef NOTIFICATIONS_TEMPLATE_H
#define NOTIFICATIONS_TEMPLATE_H

#include "faults.h"
#include "message.h"

#include <stdbool.h>
#include <stddef.h>

struct template_set;

struct template_text {
        char *subject; /* one line; "" where the channel has none */
        char *text;
        char *html;           /* NULL: none */
        const char *language; /* that it is written in; the set's */
};

/* Reads every template in `folder`. NULL: it cannot be read. What is wrong in the files is added to `faults`; the set can be asked all the same. */
struct template_set *templates_read(const char *folder, const char *default_language, struct faults *faults);
void templates_free(struct template_set **set);

/* The names that a template of that message may use; returns how many. */
typedef size_t template_names_fn(void *arg, const char *message, const char *names[MESSAGE_FIELDS_MAX]);

/* Adds a fault for each {{field}} that is none of those names: file, line, and the names. */
void templates_check(const struct template_set *set, template_names_fn *names, void *arg, struct faults *faults);

/* Whether there is any template of the message; one for the channel in the default language. */
bool template_message_known(const struct template_set *set, const char *message);
bool template_channel_known(const struct template_set *set, const char *message, const char *channel);

/* The messages there are templates of, for people: "assignment, completion". Returns `text`. */
const char *template_list(const struct template_set *set, char *text, size_t size);

/*
 * Fills in the template of that message, channel and language ("en-GB" is content with "en"; else the default language). No value can add a
 * line, markup, a header or another field: line breaks and control characters become spaces, marks that turn the direction of writing
 * vanish, HTML is escaped, and a long value ends in an ellipsis. Fields without a value become a dash. False: memory, or no such template.
 */
bool template_render(const struct template_set *set, const char *message, const char *channel, const char *language,
                     const struct message_values *values, struct template_text *text);
void template_text_free(struct template_text *text);

#endif

#include "address.h"
#include "template_private.h"

#include <dirent.h>
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEMPLATE_MAX_SIZE 65536
#define SUBJECT_PREFIX    "Subject: "
#define WORDS_PREFIX      "words."

const char *template_field_at(const char *at, const char **name, size_t *len)
{
        const char *end = strstr(at + 2, "}}");

        if (end == NULL)
                return NULL;
        *name = at + 2;
        *len = (size_t)(end - *name);
        return end + 2;
}

const struct template *template_find(const struct template_set *set, const char *message, const char *channel,
                                     const char *language, bool html)
{
        for (const struct template *t = set->first; t != NULL; t = t->next) {
                if (strcmp(t->message, message) == 0 && strcmp(t->channel, channel) == 0 &&
                    strcmp(t->language, language) == 0 && t->html == html)
                        return t;
        }
        return NULL;
}

bool template_message_known(const struct template_set *set, const char *message)
{
        for (const struct template *t = set->first; t != NULL; t = t->next) {
                if (strcmp(t->message, message) == 0)
                        return true;
        }
        return false;
}

bool template_channel_known(const struct template_set *set, const char *message, const char *channel)
{
        return template_find(set, message, channel, set->default_language, false) != NULL;
}

static bool first_of_message(const struct template_set *set, const struct template *t)
{
        const struct template *other = set->first;

        while (strcmp(other->message, t->message) != 0)
                other = other->next;
        return other == t;
}

const char *template_list(const struct template_set *set, char *text, size_t size)
{
        size_t used = 0;

        text[0] = '\0';
        for (const struct template *t = set->first; t != NULL && used < size; t = t->next) {
                if (first_of_message(set, t))
                        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", t->message);
        }
        return text;
}

/* ---- Reading ---- */

/* NULL: `text` has what stands in the file; else why not. `text` has room for one byte more than is allowed, and a NUL. */
static const char *read_into(FILE *file, char *text)
{
        size_t len = fread(text, 1, TEMPLATE_MAX_SIZE + 1, file);

        text[len] = '\0';
        if (ferror(file))
                return strerror(errno);
        if (len > TEMPLATE_MAX_SIZE)
                return "expected a template of at most 64 KiB";
        return g_utf8_validate(text, (gssize)len, NULL) ? NULL : "expected UTF-8 without NUL bytes";
}

static char *read_file(const char *path, struct faults *faults)
{
        FILE *file = fopen(path, "re");
        char *text = malloc(TEMPLATE_MAX_SIZE + 2);
        const char *fault = file != NULL && text != NULL ? read_into(file, text) : strerror(errno);

        if (file != NULL)
                fclose(file);
        if (fault == NULL)
                return text;
        faults_add(faults, "%s: %s", path, fault);
        free(text);
        return NULL;
}

/* Takes `text` apart. False: it is none, which is told. */
static bool parse(struct template *t, char *text, struct faults *faults)
{
        char *end = strchr(text, '\n');

        t->body_line = 1;
        if (strcmp(t->channel, "email") != 0 || t->html) {
                t->body = strdup(text);
                return t->body != NULL;
        }
        if (strncmp(text, SUBJECT_PREFIX, strlen(SUBJECT_PREFIX)) != 0 || end == NULL || end[1] != '\n') {
                faults_add(faults, "%s:1: expected \"Subject: …\" and an empty line, then the text", t->path);
                return false;
        }
        *end = '\0';
        t->subject = strdup(text + strlen(SUBJECT_PREFIX));
        t->body = strdup(end + 2);
        t->body_line = 3;
        return t->subject != NULL && t->body != NULL;
}

static void template_free(struct template *t)
{
        free(t->path);
        free(t->message);
        free(t->channel);
        free(t->language);
        free(t->subject);
        free(t->body);
        free(t);
}

/* "request_confirmation.email.ru.txt" taken apart, in place. False: not such a name. */
static bool split_name(char *name, char *parts[4])
{
        for (int i = 0; i < 4; i++) {
                parts[i] = strsep(&name, ".");
                if (parts[i] == NULL || parts[i][0] == '\0')
                        return false;
        }
        return name == NULL && address_kind(parts[1], strlen(parts[1])) >= 0 &&
               (strcmp(parts[3], "txt") == 0 || (strcmp(parts[3], "html") == 0 && strcmp(parts[1], "email") == 0));
}

static void read_template(struct template_set *set, const char *path, const char *file_name, struct faults *faults)
{
        char name[256], *parts[4];
        struct template *t = calloc(1, sizeof *t);
        char *text;

        snprintf(name, sizeof name, "%s", file_name);
        if (t == NULL || !split_name(name, parts)) {
                faults_add(faults,
                           "%s: expected a name like MESSAGE.CHANNEL.LANGUAGE.txt, CHANNEL being " ADDRESS_CHANNELS
                           ", or MESSAGE.email.LANGUAGE.html",
                           path);
                free(t);
                return;
        }
        t->path = strdup(path);
        t->message = strdup(parts[0]);
        t->channel = strdup(parts[1]);
        t->language = strdup(parts[2]);
        t->html = strcmp(parts[3], "html") == 0;
        text = t->path && t->message && t->channel && t->language ? read_file(path, faults) : NULL;
        if (text != NULL && parse(t, text, faults)) {
                t->next = set->first;
                set->first = t;
        } else {
                template_free(t);
        }
        free(text);
}

/* ---- Words ---- */

static void word_free(struct template_word *w)
{
        free(w->language);
        free(w->field);
        free(w->value);
        free(w->word);
        free(w);
}

/* "urgency.critical = критическая" */
static bool read_word(struct template_set *set, char *line, const char *language)
{
        char *equals = strstr(line, " = "), *dot = strchr(line, '.');
        struct template_word *w;

        if (equals == NULL || dot == NULL || dot > equals || dot == line || equals[3] == '\0')
                return false;
        w = calloc(1, sizeof *w);
        if (w == NULL)
                return false;
        w->language = strdup(language);
        w->field = strndup(line, (size_t)(dot - line));
        w->value = strndup(dot + 1, (size_t)(equals - dot - 1));
        w->word = strdup(equals + 3);
        if (w->language && w->field && w->value && w->word) {
                w->next = set->words;
                set->words = w;
                return true;
        }
        word_free(w);
        return false;
}

static void read_words(struct template_set *set, const char *path, const char *file_name, struct faults *faults)
{
        char language[16], *text = read_file(path, faults), *rest = text, *line;
        const char *begin = file_name + strlen(WORDS_PREFIX);
        int number = 0;

        snprintf(language, sizeof language, "%.*s", (int)strcspn(begin, "."), begin);
        while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
                number++;
                if (line[0] != '\0' && line[0] != '#' && !read_word(set, line, language))
                        faults_add(faults, "%s:%d: expected FIELD.VALUE = WORDS, found \"%s\"", path, number, line);
        }
        free(text);
}

/* ---- The folder ---- */

static int is_text(const struct dirent *entry)
{
        const char *dot = strrchr(entry->d_name, '.');

        return dot != NULL && entry->d_name[0] != '.' && (strcmp(dot, ".txt") == 0 || strcmp(dot, ".html") == 0);
}

/* In the order of their names, so that faults and lists always come in the same one. */
static bool read_folder(struct template_set *set, const char *folder, struct faults *faults)
{
        struct dirent **entries;
        int count = scandir(folder, &entries, is_text, alphasort);

        if (count < 0) {
                faults_add(faults, "templates: %s: %s", folder, strerror(errno));
                return false;
        }
        while (count-- > 0) {
                const char *name = entries[count]->d_name;
                char path[4400];

                snprintf(path, sizeof path, "%s/%s", folder, name);
                if (strncmp(name, WORDS_PREFIX, strlen(WORDS_PREFIX)) == 0)
                        read_words(set, path, name, faults);
                else
                        read_template(set, path, name, faults);
                free(entries[count]);
        }
        free(entries);
        return true;
}

struct template_set *templates_read(const char *folder, const char *default_language, struct faults *faults)
{
        struct template_set *set = calloc(1, sizeof *set);

        if (set == NULL) {
                faults_add(faults, "templates: out of memory");
                return NULL;
        }
        snprintf(set->default_language, sizeof set->default_language, "%s", default_language);
        if (!read_folder(set, folder, faults))
                templates_free(&set);
        return set;
}

void templates_free(struct template_set **set)
{
        if (*set == NULL)
                return;
        while ((*set)->first != NULL) {
                struct template *t = (*set)->first;

                (*set)->first = t->next;
                template_free(t);
        }
        while ((*set)->words != NULL) {
                struct template_word *w = (*set)->words;

                (*set)->words = w->next;
                word_free(w);
        }
        free(*set);
        *set = NULL;
}

/* ---- The fields ---- */

static bool among(const char *const *names, size_t count, const char *name, size_t len)
{
        for (size_t i = 0; i < count; i++) {
                if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
                        return true;
        }
        return false;
}

static void refuse_field(const char *path, int line, const char *name, size_t len, const char *const *names,
                         size_t count, struct faults *faults)
{
        char list[1024] = "";
        size_t used = 0;

        for (size_t i = 0; i < count && used < sizeof list; i++)
                used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", names[i]);
        faults_add(faults, "%s:%d: {{%.*s}} is no field of this message; expected one of %s", path, line,
                   (int)(len < 64 ? len : 64), name, list);
}

static void check_text(const char *path, const char *text, int line, const char *const *names, size_t count,
                       struct faults *faults)
{
        for (const char *at = text; *at != '\0'; at++) {
                const char *name, *behind;
                size_t len;

                line += *at == '\n';
                if (strncmp(at, "{{", 2) != 0)
                        continue;
                behind = template_field_at(at, &name, &len);
                if (behind == NULL) {
                        faults_add(faults, "%s:%d: expected }} after {{, found none", path, line);
                        return;
                }
                if (!among(names, count, name, len))
                        refuse_field(path, line, name, len, names, count, faults);
                at = behind - 1;
        }
}

void templates_check(const struct template_set *set, template_names_fn *names_of, void *arg, struct faults *faults)
{
        for (const struct template *t = set->first; t != NULL; t = t->next) {
                const char *names[MESSAGE_FIELDS_MAX] = {0};
                size_t count = names_of(arg, t->message, names);

                if (t->subject != NULL)
                        check_text(t->path, t->subject, 1, names, count, faults);
                check_text(t->path, t->body, t->body_line, names, count, faults);
        }
}

#include "template.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEMPLATE_MAX_SIZE 65536
#define SUBJECT_PREFIX    "Subject: "
#define UNKNOWN           "\xe2\x80\x94" /* an em dash */

struct template
{
        char *message_type;
        char *language;
        char *subject;
        char *body;
        struct template *next;
};

struct template_set {
        struct template *first;
        char default_language[16];
};

static bool known(const char *const *names, const char *name, size_t len)
{
        for (; *names != NULL; names++) {
                if (strlen(*names) == len && memcmp(*names, name, len) == 0)
                        return true;
        }
        return false;
}

static void list(const char *const *names, char *text, size_t size)
{
        size_t used = 0;

        text[0] = '\0';
        for (; *names != NULL && used < size; names++)
                used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", *names);
}

/* Checks every {{field}} of a text. */
static bool check_fields(const char *text, const char *const *fields, const char *path, char *error, size_t size)
{
        int line = 1;

        for (const char *at = text; *at != '\0'; at++) {
                const char *end;

                line += *at == '\n';
                if (strncmp(at, "{{", 2) != 0)
                        continue;
                end = strstr(at, "}}");
                if (end == NULL) {
                        snprintf(error, size, "%s:%d: expected }} after {{, found none", path, line);
                        return false;
                }
                if (!known(fields, at + 2, (size_t)(end - at - 2))) {
                        char names[400];

                        list(fields, names, sizeof names);
                        snprintf(error, size, "%s:%d: {{%.*s}} is no field; expected one of %s", path, line,
                                 (int)(end - at - 2), at + 2, names);
                        return false;
                }
                at = end + 1;
        }
        return true;
}

static char *read_file(const char *path, char *error, size_t size)
{
        FILE *file = fopen(path, "re");
        char *text = malloc(TEMPLATE_MAX_SIZE + 1);
        size_t len = file && text ? fread(text, 1, TEMPLATE_MAX_SIZE + 1, file) : 0;

        if (file == NULL || text == NULL || ferror(file) || len > TEMPLATE_MAX_SIZE) {
                snprintf(error, size, "%s: %s", path,
                         len > TEMPLATE_MAX_SIZE ? "expected a template of at most 64 KiB" : strerror(errno));
                free(text);
                text = NULL;
        } else {
                text[len] = '\0';
        }
        if (file != NULL)
                fclose(file);
        return text;
}

static struct template *parse(char *text, const char *path, char *error, size_t size)
{
        struct template *t;
        char *end = strchr(text, '\n');

        if (strncmp(text, SUBJECT_PREFIX, strlen(SUBJECT_PREFIX)) != 0 || end == NULL || end[1] != '\n') {
                snprintf(error, size, "%s:1: expected \"Subject: …\" and an empty line, then the text", path);
                return NULL;
        }
        *end = '\0';
        t = calloc(1, sizeof *t);
        if (t != NULL) {
                t->subject = strdup(text + strlen(SUBJECT_PREFIX));
                t->body = strdup(end + 2);
        }
        if (t == NULL || t->subject == NULL || t->body == NULL)
                snprintf(error, size, "%s: out of memory", path);
        return t;
}

/* "request_confirmation.ru.txt" → its two parts; false: not a template's name. */
static bool split_name(const char *name, char *type, char *language, size_t size)
{
        const char *dot = strchr(name, '.');
        const char *end = dot ? strchr(dot + 1, '.') : NULL;

        if (end == NULL || strcmp(end, ".txt") != 0 || (size_t)(dot - name) >= size || (size_t)(end - dot) > size)
                return false;
        snprintf(type, size, "%.*s", (int)(dot - name), name);
        snprintf(language, size, "%.*s", (int)(end - dot - 1), dot + 1);
        return true;
}

static bool read_one(struct template_set *set, const char *folder, const char *name, const char *type,
                     const char *language, const char *const *fields, char *error, size_t size)
{
        char path[4096];
        char *text;
        struct template *t;
        bool ok = false;

        snprintf(path, sizeof path, "%s/%s", folder, name);
        text = read_file(path, error, size);
        if (text == NULL)
                return false;
        if (check_fields(text, fields, path, error, size) && (t = parse(text, path, error, size)) != NULL) {
                t->message_type = strdup(type);
                t->language = strdup(language);
                t->next = set->first;
                set->first = t;
                ok = t->message_type && t->language && t->subject && t->body;
        }
        free(text);
        return ok;
}

static const struct template *find(const struct template_set *set, const char *type, const char *language)
{
        for (const struct template *t = set->first; t != NULL; t = t->next) {
                if (strcmp(t->message_type, type) == 0 && strcmp(t->language, language) == 0)
                        return t;
        }
        return NULL;
}

static bool read_folder(struct template_set *set, const char *folder, const char *const *types,
                        const char *const *fields, char *error, size_t size)
{
        DIR *dir = opendir(folder);
        struct dirent *entry;
        bool ok = dir != NULL;

        if (dir == NULL)
                snprintf(error, size, "templates: %s: %s", folder, strerror(errno));
        while (ok && (entry = readdir(dir)) != NULL) {
                char type[64], language[64];

                if (split_name(entry->d_name, type, language, sizeof type) && known(types, type, strlen(type)))
                        ok = read_one(set, folder, entry->d_name, type, language, fields, error, size);
        }
        if (dir != NULL)
                closedir(dir);
        return ok;
}

struct template_set *templates_read(const char *folder, const char *const *message_types, const char *default_language,
                                    const char *const *fields, char *error, size_t error_size)
{
        struct template_set *set = calloc(1, sizeof *set);
        bool ok;

        if (set == NULL) {
                snprintf(error, error_size, "out of memory");
                return NULL;
        }
        snprintf(set->default_language, sizeof set->default_language, "%s", default_language);
        ok = read_folder(set, folder, message_types, fields, error, error_size);
        for (; ok && *message_types != NULL; message_types++) {
                if (find(set, *message_types, set->default_language) == NULL) {
                        snprintf(error, error_size, "%s/%s.%s.txt: expected a template for this message, found none",
                                 folder, *message_types, set->default_language);
                        ok = false;
                }
        }
        if (!ok)
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
                free(t->message_type);
                free(t->language);
                free(t->subject);
                free(t->body);
                free(t);
        }
        free(*set);
        *set = NULL;
}

static const char *value_of(const char *name, size_t len, const struct template_field *fields, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (strlen(fields[i].name) == len && memcmp(fields[i].name, name, len) == 0)
                        return fields[i].value && fields[i].value[0] ? fields[i].value : UNKNOWN;
        }
        return UNKNOWN;
}

/* The pattern with its fields filled in; values are put in as they are and never read for fields themselves. */
static char *fill(const char *pattern, const struct template_field *fields, size_t count)
{
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);

        if (out == NULL)
                return NULL;
        while (*pattern != '\0') {
                const char *open = strstr(pattern, "{{");
                const char *close = open ? strstr(open, "}}") : NULL;

                if (close == NULL) {
                        fputs(pattern, out);
                        break;
                }
                fwrite(pattern, 1, (size_t)(open - pattern), out);
                fputs(value_of(open + 2, (size_t)(close - open - 2), fields, count), out);
                pattern = close + 2;
        }
        if (fclose(out) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

bool template_render(const struct template_set *set, const char *message_type, const char *language,
                     const struct template_field *fields, size_t field_count, struct template_text *text)
{
        const struct template *t = find(set, message_type, language);

        if (t == NULL)
                t = find(set, message_type, set->default_language);
        text->subject = t ? fill(t->subject, fields, field_count) : NULL;
        text->body = t ? fill(t->body, fields, field_count) : NULL;
        if (text->subject == NULL || text->body == NULL) {
                template_text_free(text);
                return false;
        }
        for (char *c = text->subject; *c != '\0'; c++) {
                if ((unsigned char)*c < 0x20 || *c == 0x7f)
                        *c = ' ';
        }
        return true;
}

void template_text_free(struct template_text *text)
{
        free(text->subject);
        free(text->body);
        text->subject = text->body = NULL;
}

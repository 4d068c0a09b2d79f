#include "recipients.h"

#include "mail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column { COLUMN_ID, COLUMN_ROLE, COLUMN_NAME, COLUMN_EMAIL, COLUMN_LANGUAGE, COLUMN_COUNT };

static const char *const column_names[COLUMN_COUNT] = {"id", "role", "name", "email", "language"};

#define FIELDS_MAX 32

struct region {
        char *name;
        struct recipient mailbox;
};

struct recipients {
        struct recipient *people; /* sorted by role and id */
        size_t count, room;
        struct region *regions;
        size_t region_count;
};

static void clear(struct recipient *r)
{
        free(r->role);
        free(r->name);
        free(r->email);
        free(r->language);
}

/* Splits a record in place, undoing RFC 4180's quotes. Returns how many fields, or -1 when a quote is not closed. */
static int split(char *line, char *fields[], int max)
{
        int n = 0;
        char *in = line;

        while (n < max) {
                char *out = in;

                fields[n++] = in;
                if (*in == '"') {
                        for (in++; *in != '\0' && (*in != '"' || in[1] == '"'); in++) {
                                if (*in == '"')
                                        in++;
                                *out++ = *in;
                        }
                        if (*in++ != '"')
                                return -1;
                } else {
                        while (*in != '\0' && *in != ',')
                                *out++ = *in++;
                }
                if (*in != ',') {
                        *out = '\0';
                        return *in == '\0' ? n : -1;
                }
                in++;
                *out = '\0';
        }
        return n;
}

static bool read_header(char *line, int columns[COLUMN_COUNT], const char *path, char *error, size_t size)
{
        char *fields[FIELDS_MAX];
        int n = split(line, fields, FIELDS_MAX);

        for (int c = 0; c < COLUMN_COUNT; c++) {
                columns[c] = -1;
                for (int i = 0; i < n; i++) {
                        if (strcmp(fields[i], column_names[c]) == 0)
                                columns[c] = i;
                }
                if (columns[c] < 0) {
                        snprintf(error, size,
                                 "%s:1: expected the column \"%s\" (of id,role,name,email,language), found none", path,
                                 column_names[c]);
                        return false;
                }
        }
        return true;
}

static bool add(struct recipients *people, char *fields[], const int columns[COLUMN_COUNT], int64_t id)
{
        struct recipient *r;

        if (people->count == people->room) {
                size_t room = people->room ? 2 * people->room : 64;
                struct recipient *more = realloc(people->people, room * sizeof *more);

                if (more == NULL)
                        return false;
                people->people = more;
                people->room = room;
        }
        r = &people->people[people->count++];
        r->id = id;
        r->role = strdup(fields[columns[COLUMN_ROLE]]);
        r->name = strdup(fields[columns[COLUMN_NAME]]);
        r->email = strdup(fields[columns[COLUMN_EMAIL]]);
        r->language = strdup(fields[columns[COLUMN_LANGUAGE]]);
        return r->role && r->name && r->email && r->language;
}

static bool read_record(struct recipients *people, char *line, const int columns[COLUMN_COUNT], const char *path,
                        int number, char *error, size_t size)
{
        char *fields[FIELDS_MAX], *end;
        int n = split(line, fields, FIELDS_MAX);
        long long id;

        for (int c = 0; c < COLUMN_COUNT; c++) {
                if (n <= columns[c]) {
                        snprintf(error, size, "%s:%d: expected the column \"%s\", found %s", path, number,
                                 column_names[c], n < 0 ? "a quote that is not closed" : "fewer fields");
                        return false;
                }
        }
        errno = 0;
        id = strtoll(fields[columns[COLUMN_ID]], &end, 10);
        if (errno != 0 || *end != '\0' || end == fields[columns[COLUMN_ID]] || id <= 0) {
                snprintf(error, size, "%s:%d: id: expected a positive integer, found \"%s\"", path, number,
                         fields[columns[COLUMN_ID]]);
                return false;
        }
        if (!mail_address_valid(fields[columns[COLUMN_EMAIL]])) {
                snprintf(error, size, "%s:%d: email: expected an address, found \"%s\"", path, number,
                         fields[columns[COLUMN_EMAIL]]);
                return false;
        }
        if (!add(people, fields, columns, id)) {
                snprintf(error, size, "out of memory");
                return false;
        }
        return true;
}

static int by_role_and_id(const void *left, const void *right)
{
        const struct recipient *a = left, *b = right;
        int role = strcmp(a->role, b->role);

        return role != 0 ? role : (a->id > b->id) - (a->id < b->id);
}

static bool check_unique(struct recipients *people, const char *path, char *error, size_t size)
{
        if (people->count > 0)
                qsort(people->people, people->count, sizeof *people->people, by_role_and_id);
        for (size_t i = 1; i < people->count; i++) {
                const struct recipient *r = &people->people[i];

                if (by_role_and_id(r - 1, r) == 0) {
                        snprintf(error, size, "%s: %s %lld stands there twice (%s and %s); expected once", path,
                                 r->role, (long long)r->id, (r - 1)->email, r->email);
                        return false;
                }
        }
        return true;
}

struct recipients *recipients_read(const char *path, char *error, size_t error_size)
{
        struct recipients *people = calloc(1, sizeof *people);
        FILE *file = fopen(path, "re");
        char *line = NULL;
        size_t room = 0;
        int columns[COLUMN_COUNT], number = 0;
        bool ok = people != NULL && file != NULL;

        if (!ok)
                snprintf(error, error_size, "recipients: %s: %s", path, strerror(errno));
        for (ssize_t len; ok && (len = getline(&line, &room, file)) >= 0;) {
                number++;
                line[strcspn(line, "\r\n")] = '\0';
                if (number == 1)
                        ok = read_header(line, columns, path, error, error_size);
                else if (line[0] != '\0' && line[0] != '#')
                        ok = read_record(people, line, columns, path, number, error, error_size);
        }
        if (ok && number == 0) {
                snprintf(error, error_size,
                         "%s:1: expected the columns id,role,name,email,language, found an empty file", path);
                ok = false;
        }
        if (ok)
                ok = check_unique(people, path, error, error_size);
        free(line);
        if (file != NULL)
                fclose(file);
        if (!ok)
                recipients_free(&people);
        return people;
}

void recipients_free(struct recipients **people)
{
        struct recipients *p = *people;

        if (p == NULL)
                return;
        for (size_t i = 0; i < p->count; i++)
                clear(&p->people[i]);
        for (size_t i = 0; i < p->region_count; i++) {
                free(p->regions[i].name);
                clear(&p->regions[i].mailbox);
        }
        free(p->people);
        free(p->regions);
        free(p);
        *people = NULL;
}

bool recipients_add_region(struct recipients *people, const char *region, const char *email, const char *language,
                           char *error, size_t error_size)
{
        struct region *more;
        struct region *r;

        if (!mail_address_valid(email)) {
                snprintf(error, error_size, "regions: %s: email: expected an address, found \"%s\"", region, email);
                return false;
        }
        more = realloc(people->regions, (people->region_count + 1) * sizeof *more);
        if (more == NULL) {
                snprintf(error, error_size, "out of memory");
                return false;
        }
        people->regions = more;
        r = &people->regions[people->region_count++];
        r->name = strdup(region);
        r->mailbox = (struct recipient){0, strdup("manager"), strdup(""), strdup(email), strdup(language)};
        if (r->name && r->mailbox.role && r->mailbox.name && r->mailbox.email && r->mailbox.language)
                return true;
        snprintf(error, error_size, "out of memory");
        return false;
}

const struct recipient *recipients_find(const struct recipients *people, const char *role, int64_t id)
{
        size_t low = 0, high = people->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct recipient *r = &people->people[middle];
                int order = strcmp(r->role, role);

                if (order == 0)
                        order = (r->id > id) - (r->id < id);
                if (order == 0)
                        return r;
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

const struct recipient *recipients_of_region(const struct recipients *people, const char *region)
{
        for (size_t i = 0; i < people->region_count; i++) {
                if (strcmp(people->regions[i].name, region) == 0)
                        return &people->regions[i].mailbox;
        }
        return NULL;
}

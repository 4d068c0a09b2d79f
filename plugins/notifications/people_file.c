#include "people_file.h"

#include "common/command.h"
#include "csv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_SIZE (64 << 20)
#define COLUMN_ID     PERSON_VALUES
#define COLUMN_COUNT  (PERSON_VALUES + 1)

struct reading {
        const char *path;
        struct people *people;
        struct faults *faults;
        int places[COLUMN_COUNT]; /* of each column in a record; -1: the file has none of it */
        size_t columns;
        int *lines; /* of each person that was read */
};

static const char *column_name(int column)
{
        return column == COLUMN_ID ? "id" : person_column((enum person_value)column);
}

static char *read_open(int fd, const char *path, struct faults *faults)
{
        struct stat st;
        char *text;
        size_t len = 0;
        ssize_t n = 1;

        if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX_SIZE) {
                faults_add(faults, "%s: expected a file of at most 64 MiB", path);
                return NULL;
        }
        text = malloc((size_t)st.st_size + 1);
        while (text != NULL && n > 0 && len < (size_t)st.st_size) {
                n = read(fd, text + len, (size_t)st.st_size - len);
                len += n > 0 ? (size_t)n : 0;
        }
        if (text == NULL || n < 0 || memchr(text, '\0', len) != NULL) {
                faults_add(faults, "%s: %s", path,
                           text == NULL || n < 0 ? strerror(errno) : "expected text, found a NUL byte");
                free(text);
                return NULL;
        }
        text[len] = '\0';
        return text;
}

static char *read_text(const char *path, struct faults *faults)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        char *text;

        if (fd < 0) {
                faults_add(faults, "%s: %s", path, strerror(errno));
                return NULL;
        }
        text = read_open(fd, path, faults);
        close(fd);
        return text;
}

static bool read_header(struct reading *r, const struct csv_record *record)
{
        size_t before = r->faults->count;

        for (int c = 0; c < COLUMN_COUNT; c++)
                r->places[c] = -1;
        for (size_t i = 0; i < record->count; i++) {
                int c = 0;
                char shown[64];

                while (c < COLUMN_COUNT && strcmp(column_name(c), record->fields[i]) != 0)
                        c++;
                command_printable(pawl_text(record->fields[i]), shown, sizeof shown);
                if (c == COLUMN_COUNT)
                        faults_add(r->faults, "%s:%d: expected the columns %s, found \"%s\"", r->path, record->line,
                                   person_columns(), shown);
                else if (r->places[c] >= 0)
                        faults_add(r->faults, "%s:%d: expected each column once, found \"%s\" twice", r->path,
                                   record->line, shown);
                else
                        r->places[c] = (int)i;
        }
        r->columns = record->count;
        if (r->places[COLUMN_ID] < 0 || r->places[PERSON_ROLE] < 0)
                faults_add(r->faults, "%s:%d: expected the columns id and role, found none of that name", r->path,
                           record->line);
        return r->faults->count == before;
}

/* Takes the person over. */
static void add(struct reading *r, struct person *person, int line)
{
        size_t number = r->people->count;
        int *more = r->lines;

        if (number % 64 == 0)
                more = realloc(r->lines, (number + 64) * sizeof *more);
        if (more != NULL)
                r->lines = more;
        if (more == NULL || !people_add(r->people, person))
                faults_add(r->faults, "%s:%d: out of memory", r->path, line);
        else
                r->lines[number] = line;
}

static void read_record(struct reading *r, const struct csv_record *record)
{
        struct person person = {.id = PERSON_NOBODY};
        char where[4200], shown[64];
        const char *id;
        bool ok = true;

        snprintf(where, sizeof where, "%s:%d", r->path, record->line);
        if (record->count != r->columns) {
                faults_add(r->faults, "%s: expected %zu fields, as in the first line, found %zu", where, r->columns,
                           record->count);
                return;
        }
        id = record->fields[r->places[COLUMN_ID]];
        if (!command_number(pawl_text(id), &person.id) || person.id < 0)
                faults_add(r->faults, "%s: id: expected an integer of 0 or more, found \"%s\"", where,
                           command_printable(pawl_text(id), shown, sizeof shown));
        for (int i = 0; ok && i < PERSON_VALUES; i++)
                ok = r->places[i] < 0 || person_set(&person, (enum person_value)i, record->fields[r->places[i]]);
        if (!ok)
                faults_add(r->faults, "%s: out of memory", where);
        if (person_check(&person, where, r->faults) && person.id >= 0)
                add(r, &person, record->line);
        person_clear(&person);
}

struct place {
        const struct person *person;
        int line;
};

static int by_role_and_id(const void *left, const void *right)
{
        const struct place *a = left, *b = right;
        int role = strcmp(a->person->values[PERSON_ROLE], b->person->values[PERSON_ROLE]);

        if (role == 0)
                role = (a->person->id > b->person->id) - (a->person->id < b->person->id);
        return role;
}

/* Twins in the order of their lines. */
static int by_place(const void *left, const void *right)
{
        int order = by_role_and_id(left, right);

        return order != 0 ? order : ((const struct place *)left)->line - ((const struct place *)right)->line;
}

static void check_unique(struct reading *r)
{
        struct place *places;

        if (r->lines == NULL) /* nobody */
                return;
        places = calloc(r->people->count, sizeof *places);
        if (places == NULL) {
                faults_add(r->faults, "%s: out of memory", r->path);
                return;
        }
        for (size_t i = 0; i < r->people->count; i++)
                places[i] = (struct place){&r->people->list[i], r->lines[i]};
        qsort(places, r->people->count, sizeof *places, by_place);
        for (size_t i = 1; i < r->people->count; i++) {
                if (by_role_and_id(&places[i - 1], &places[i]) == 0)
                        faults_add(r->faults,
                                   "%s:%d: expected each role and id once, found %s %" PRId64 " as in line %d", r->path,
                                   places[i].line, places[i].person->values[PERSON_ROLE], places[i].person->id,
                                   places[i - 1].line);
        }
        free(places);
}

bool people_file_read(const char *path, struct people *people, struct faults *faults)
{
        struct reading r = {.path = path, .people = people, .faults = faults};
        char *text = read_text(path, faults);
        struct csv csv = {text, 1};
        struct csv_record record;
        const char *fault;
        size_t before = faults->count;
        bool headed = false;
        int status;

        if (text == NULL)
                return false;
        if (strncmp(text, "\xef\xbb\xbf", 3) == 0) /* what spreadsheets put in front */
                csv.at += 3;
        while ((status = csv_next(&csv, &record, &fault)) != 0) {
                if (status < 0)
                        faults_add(faults, "%s:%d: %s", path, record.line, fault);
                else if (headed)
                        read_record(&r, &record);
                else if (!read_header(&r, &record))
                        break;
                headed = headed || status > 0;
        }
        if (!headed && faults->count == before)
                faults_add(faults, "%s:1: expected the columns %s, found nothing", path, person_columns());
        if (faults->count == before)
                check_unique(&r);
        free(r.lines);
        free(text);
        return faults->count == before;
}

bool people_file_state(const char *path, char *state, size_t size)
{
        struct stat st;

        if (stat(path, &st) != 0)
                return false;
        snprintf(state, size, "%lld.%09ld/%lld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                 (long long)st.st_size);
        return true;
}

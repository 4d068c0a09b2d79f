#include "papers.h"

#include "money.h"
#include "press.h"
#include "template.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ORGANISATION    "organisation."
#define FIELDS_MAX      64
#define FIELD_NAME_SIZE 64
#define REQUISITES_MAX  (FIELDS_MAX - 32)

const struct kind_names kind_names[DOCS] = {
    [DOC_ACT] = {"work_completion_act", "АКТ", "act", "Акт"},
    [DOC_INVOICE] = {"invoice", "СЧЕТ", "invoice", "Счёт"},
    [DOC_CONTRACT] = {"contract", "ДОГ", "contract", "Договор"},
};

const struct pawl_setting papers_contractor_fields[3] = {
    PAWL_SETTING(PAWL_TYPE_INT, PAWL_REQUIRED, 0, "id", PAWL_ABSENT, PAWL_ABSENT, PAWL_STR("0.."),
                 "the contractor_id of the events", PAWL_NONE),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "name", "as it stands in the documents"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, 0, "requisites", "tax number and account, as they stand in the documents"),
};

struct contractor {
        int64_t id;
        const char *name;
        const char *requisites;
};

struct requisite {
        char field[FIELD_NAME_SIZE]; /* "organisation.name" */
        const char *value;
};

/* The strings are the settings', which live as long as the instance. */
struct papers {
        struct template *templates[DOCS];
        struct requisite requisites[REQUISITES_MAX];
        size_t requisite_count;
        struct contractor *contractors;
        size_t contractor_count;
        int64_t utc_offset; /* seconds */
};

/* ---- Settings ---- */

/* These exist in every template, set or not. */
static const char *const usual_requisites[] = {"name", "inn",      "kpp",     "ogrn", "address",
                                               "city", "director", "account", "bank"};

/* What else a template may name; the second list is of completed work only. */
static const char *const common_fields[] = {"number", "date", "contractor_id", "contractor", "contractor_requisites"};
static const char *const work_fields[] = {"request_id", "notes",        "works_count", "works_sum",
                                          "amount",     "amount_words", "difference"};

static struct requisite *requisite(struct papers *p, struct pawl_instance *instance, struct pawl_str name)
{
        char field[FIELD_NAME_SIZE];

        if (snprintf(field, sizeof field, ORGANISATION "%.*s", (int)name.len, name.ptr) >= (int)sizeof field) {
                pawl_fail(instance, "organisation: \"%.*s\": expected a name of at most 50 characters", (int)name.len,
                          name.ptr);
                return NULL;
        }
        for (size_t i = 0; i < p->requisite_count; i++) {
                if (strcmp(p->requisites[i].field, field) == 0)
                        return &p->requisites[i];
        }
        if (p->requisite_count == REQUISITES_MAX) {
                pawl_fail(instance, "organisation: expected at most %d requisites", REQUISITES_MAX);
                return NULL;
        }
        snprintf(p->requisites[p->requisite_count].field, FIELD_NAME_SIZE, "%s", field);
        return &p->requisites[p->requisite_count++];
}

static bool read_organisation(struct papers *p, struct pawl_instance *instance)
{
        const struct pawl_value *table = pawl_setting_value(instance, "organisation");
        uint32_t count = pawl_value_count(instance, table);

        for (size_t i = 0; i < sizeof usual_requisites / sizeof usual_requisites[0]; i++) {
                if (requisite(p, instance, pawl_text(usual_requisites[i])) == NULL)
                        return false;
        }
        for (uint32_t i = 0; i < count; i++) {
                struct pawl_str name;
                const struct pawl_value *value = pawl_value_at(instance, table, i, &name);
                struct requisite *r = requisite(p, instance, name);

                if (r == NULL)
                        return false;
                r->value = pawl_value_string(instance, value).ptr;
        }
        return true;
}

static bool read_contractors(struct papers *p, struct pawl_instance *instance)
{
        const struct pawl_value *list = pawl_setting_value(instance, "contractors");
        uint32_t count = pawl_value_count(instance, list);

        p->contractors = calloc(count + 1, sizeof *p->contractors);
        if (p->contractors == NULL)
                return pawl_fail(instance, "out of memory");
        for (uint32_t i = 0; i < count; i++) {
                const struct pawl_value *item = pawl_value_at(instance, list, i, NULL);
                int64_t id = pawl_value_int(instance, pawl_value_member(instance, item, "id"));

                for (size_t k = 0; k < p->contractor_count; k++) {
                        if (p->contractors[k].id == id)
                                return pawl_fail(instance, "contractors: %" PRId64 " stands there twice", id);
                }
                p->contractors[p->contractor_count++] = (struct contractor){
                    id, pawl_value_string(instance, pawl_value_member(instance, item, "name")).ptr,
                    pawl_value_string(instance, pawl_value_member(instance, item, "requisites")).ptr};
        }
        return true;
}

static bool read_offset(struct papers *p, struct pawl_instance *instance)
{
        struct pawl_str text = pawl_setting_string(instance, "utc_offset");
        unsigned hours, minutes;
        char sign, end;

        if (text.ptr == NULL || sscanf(text.ptr, "%c%2u:%2u%c", &sign, &hours, &minutes, &end) != 3 || text.len != 6 ||
            (sign != '+' && sign != '-') || hours > 14 || minutes > 59)
                return pawl_fail(instance, "utc_offset: expected an offset like \"+03:00\", found \"%s\"",
                                 text.ptr != NULL ? text.ptr : "");
        p->utc_offset = (int64_t)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
        return true;
}

static bool read_template(struct papers *p, struct pawl_instance *instance, enum kind kind)
{
        struct pawl_str folder = pawl_setting_string(instance, "templates");
        const char *fields[FIELDS_MAX + 1] = {NULL};
        char path[4096];
        char error[2048];
        size_t count = 0;

        for (size_t i = 0; i < sizeof common_fields / sizeof common_fields[0]; i++)
                fields[count++] = common_fields[i];
        for (size_t i = 0; kind != DOC_CONTRACT && i < sizeof work_fields / sizeof work_fields[0]; i++)
                fields[count++] = work_fields[i];
        for (size_t i = 0; i < p->requisite_count; i++)
                fields[count++] = p->requisites[i].field;
        if (snprintf(path, sizeof path, "%s/%s.tmpl", folder.ptr, kind_names[kind].document_type) >= (int)sizeof path)
                return pawl_fail(instance, "templates: its path is too long (%zu bytes)", folder.len);
        p->templates[kind] = template_read(path, press_kinds, fields, error, sizeof error);
        return p->templates[kind] != NULL || pawl_fail(instance, "%s", error);
}

bool papers_make(struct pawl_instance *instance, struct papers **papers)
{
        struct papers *p = calloc(1, sizeof *p);
        bool ok;

        *papers = p;
        if (p == NULL)
                return pawl_fail(instance, "out of memory");
        ok = read_organisation(p, instance) && read_contractors(p, instance) && read_offset(p, instance);
        for (int kind = 0; ok && kind < DOCS; kind++)
                ok = read_template(p, instance, (enum kind)kind);
        if (!ok)
                papers_free(papers);
        return ok;
}

void papers_free(struct papers **papers)
{
        struct papers *p = *papers;

        *papers = NULL;
        if (p == NULL)
                return;
        for (int kind = 0; kind < DOCS; kind++)
                template_free(&p->templates[kind]);
        free(p->contractors);
        free(p);
}

/* ---- Content ---- */

static const char *const months[] = {"января", "февраля", "марта",    "апреля",  "мая",    "июня",
                                     "июля",   "августа", "сентября", "октября", "ноября", "декабря"};

static struct tm day_of(const struct papers *p, int64_t time)
{
        time_t seconds = (time_t)(time / PAWL_S(1) + p->utc_offset);
        struct tm day;

        gmtime_r(&seconds, &day);
        return day;
}

int papers_year(const struct papers *p, int64_t time)
{
        return day_of(p, time).tm_year + 1900;
}

/* A document's values, and room for those that are made. */
struct values {
        struct template_field fields[FIELDS_MAX];
        size_t count;
        char date[64], contractor_id[24], contractor[64], request_id[24], works_count[24];
        char works_sum[MONEY_TEXT_SIZE], amount[MONEY_TEXT_SIZE], difference[MONEY_TEXT_SIZE];
        char words[MONEY_WORDS_SIZE];
        char *notes;
};

static void set(struct values *v, const char *name, const char *value)
{
        v->fields[v->count++] = (struct template_field){name, value};
}

static void set_contractor(struct values *v, const struct papers *p, int64_t id)
{
        const char *name = v->contractor;
        const char *requisites = NULL;

        snprintf(v->contractor, sizeof v->contractor, "подрядчик № %" PRId64, id);
        snprintf(v->contractor_id, sizeof v->contractor_id, "%" PRId64, id);
        for (size_t i = 0; i < p->contractor_count; i++) {
                if (p->contractors[i].id == id) {
                        name = p->contractors[i].name;
                        requisites = p->contractors[i].requisites;
                }
        }
        set(v, "contractor_id", v->contractor_id);
        set(v, "contractor", name);
        set(v, "contractor_requisites", requisites);
}

/* What is not known stays empty; so does a difference of nothing. */
static void set_money(struct values *v, const struct completion *c)
{
        bool differs = c->has_amount && c->count > 0 && c->amount != c->sum;

        snprintf(v->works_count, sizeof v->works_count, "%zu", c->count > 0 ? c->count : 1);
        set(v, "works_count", v->works_count);
        set(v, "works_sum",
            c->count > 0 || c->has_amount ? money_text(c->count > 0 ? c->sum : c->amount, v->works_sum) : NULL);
        set(v, "amount", c->has_amount ? money_text(c->amount, v->amount) : NULL);
        set(v, "amount_words", c->has_amount ? money_words(c->amount, v->words) : NULL);
        set(v, "difference", differs ? money_text(c->amount - c->sum, v->difference) : NULL);
}

static void set_values(struct values *v, const struct papers *p, const struct facts *f)
{
        struct tm day = day_of(p, f->time);

        snprintf(v->date, sizeof v->date, "%d\xc2\xa0%s %d\xc2\xa0г.", day.tm_mday, months[day.tm_mon],
                 day.tm_year + 1900);
        set(v, "number", f->number);
        set(v, "date", v->date);
        set_contractor(v, p, f->contractor_id);
        for (size_t i = 0; i < p->requisite_count; i++)
                set(v, p->requisites[i].field, p->requisites[i].value);
        if (f->completion == NULL)
                return;
        snprintf(v->request_id, sizeof v->request_id, "%" PRId64, f->request_id);
        set(v, "request_id", v->request_id);
        v->notes = f->notes.ptr != NULL ? strndup(f->notes.ptr, f->notes.len) : NULL;
        set(v, "notes", v->notes);
        set_money(v, f->completion);
}

static json_t *cell(const char *text)
{
        char *value = template_value(text);
        json_t *string = value != NULL ? json_string(value) : NULL;

        free(value);
        return string;
}

static json_t *work_row(size_t number, const struct work *w)
{
        char count[24], quantity[MONEY_TEXT_SIZE], price[MONEY_TEXT_SIZE], sum[MONEY_TEXT_SIZE];

        snprintf(count, sizeof count, "%zu", number);
        return json_pack("[s o s o s s]", count, cell(w->name), quantity_text(w->quantity, quantity), cell(w->unit),
                         money_text(w->price, price), money_text(w->sum, sum));
}

/* Where nobody said what was done, one row says for which request; its price is the amount, if there is one. */
static json_t *only_row(const struct facts *f)
{
        char name[96];
        char price[MONEY_TEXT_SIZE] = "\xe2\x80\x94";

        snprintf(name, sizeof name, "Работы по заявке №\xc2\xa0%" PRId64, f->request_id);
        if (f->completion->has_amount)
                money_text(f->completion->amount, price);
        return json_pack("[s s s s s s]", "1", name, "1", "усл.", price, price);
}

static json_t *work_rows(const struct facts *f)
{
        json_t *rows = json_array();

        for (size_t i = 0; f->completion != NULL && i < f->completion->count; i++)
                json_array_append_new(rows, work_row(i + 1, &f->completion->works[i]));
        if (f->completion != NULL && f->completion->count == 0)
                json_array_append_new(rows, only_row(f));
        return rows;
}

static void add_rows(json_t *blocks, const struct facts *f)
{
        json_t *block;
        size_t i;

        json_array_foreach(blocks, i, block)
        {
                if (strcmp(json_string_value(json_object_get(block, "kind")), "works") == 0)
                        json_object_set_new(block, "rows", work_rows(f));
        }
}

char *papers_content(const struct papers *p, const struct facts *f)
{
        struct values *v = calloc(1, sizeof *v);
        time_t seconds = (time_t)(f->time / PAWL_S(1));
        char title[160], created[32] = "";
        struct tm day;
        char *text = NULL;
        json_t *content, *blocks;

        if (v == NULL)
                return NULL;
        set_values(v, p, f);
        strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &day));
        snprintf(title, sizeof title, "%s № %s", kind_names[f->kind].title, f->number);
        blocks = template_fill(p->templates[f->kind], v->fields, v->count);
        add_rows(blocks, f);
        content = json_pack("{ss ss ss so}", "title", title, "author",
                            p->requisites[0].value != NULL ? p->requisites[0].value : "", "created", created, "blocks",
                            blocks);
        if (content != NULL)
                text = json_dumps(content, JSON_COMPACT);
        json_decref(content);
        free(v->notes);
        free(v);
        return text;
}

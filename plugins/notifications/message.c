#include "message.h"

#include "common/catalogue.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is known of every request, besides the facts. */
static const char *const people_names[] = {"recipient_name", "customer_name", "manager_name", "contractor_name"};

static void add_name(const char *name, const char *names[MESSAGE_FIELDS_MAX], size_t *count)
{
        for (size_t i = 0; i < *count; i++) {
                if (strcmp(names[i], name) == 0)
                        return;
        }
        if (*count < MESSAGE_FIELDS_MAX)
                names[(*count)++] = name;
}

/* Of a kind that can stand in a line of text. */
static bool is_plain(enum catalogue_kind kind)
{
        return kind != KIND_OBJECT && kind != KIND_IDS && kind != KIND_STRINGS;
}

static void add_members(const struct catalogue_type *type, const char *names[MESSAGE_FIELDS_MAX], size_t *count)
{
        for (const struct catalogue_field *f = type->fields; f->name != NULL; f++) {
                if (is_plain(f->kind))
                        add_name(f->name, names, count);
        }
}

/* Messages are about the domains that people deal with: an outcome of a message, or an audit record, causes none. */
static bool is_told_of(const char *type)
{
        return strncmp(type, "notification.", 13) != 0 && strncmp(type, "audit.", 6) != 0;
}

void message_names(const char *event_type, const char *names[MESSAGE_FIELDS_MAX], size_t *count)
{
        const struct catalogue_type *type;

        add_name("request_id", names, count);
        for (size_t i = 0; i < sizeof people_names / sizeof people_names[0]; i++)
                add_name(people_names[i], names, count);
        for (int i = 0; i < FACT_COUNT; i++)
                add_name(fact_name((enum fact)i), names, count);
        for (size_t i = 0; (type = catalogue_at(i)) != NULL; i++) {
                if (event_type != NULL ? strcmp(type->name, event_type) == 0 : is_told_of(type->name))
                        add_members(type, names, count);
        }
}

/* A member as text: "4711", "9500.50". NULL: it is not there, or nothing that can stand in a line. */
static char *member_text(const struct pawl_event *ev, const char *name)
{
        struct pawl_str string;
        char number[64];
        int64_t integer;
        double value;
        bool truth;

        if (pawl_event_string(ev, name, &string))
                return strndup(string.ptr, string.len);
        if (pawl_event_int(ev, name, &integer))
                snprintf(number, sizeof number, "%" PRId64, integer);
        else if (pawl_event_double(ev, name, &value) && fabs(value) < 1e15)
                snprintf(number, sizeof number, "%.2f", value);
        else if (pawl_event_bool(ev, name, &truth))
                snprintf(number, sizeof number, "%s", truth ? "true" : "false");
        else
                return NULL;
        return strdup(number);
}

static char *fact_text(const struct request_facts *facts, const char *name)
{
        char number[24];

        for (int i = 0; i < FACT_COUNT; i++) {
                if (strcmp(fact_name((enum fact)i), name) == 0)
                        return facts->texts[i] != NULL ? strdup(facts->texts[i]) : NULL;
        }
        if (strcmp(name, "request_id") != 0 || facts->request_id == FACTS_NO_ID)
                return NULL;
        snprintf(number, sizeof number, "%" PRId64, facts->request_id);
        return strdup(number);
}

void message_values(const struct pawl_event *ev, const struct request_facts *facts, struct message_values *values)
{
        const char *names[MESSAGE_FIELDS_MAX] = {0};
        size_t count = 0;

        message_names(pawl_event_type(ev).ptr, names, &count);
        *values = (struct message_values){.count = count};
        for (size_t i = 0; i < count; i++) {
                values->list[i].name = names[i];
                values->list[i].value = member_text(ev, names[i]);
                if (values->list[i].value == NULL)
                        values->list[i].value = fact_text(facts, names[i]);
        }
}

void message_samples(const char *const *names, size_t count, struct message_values *values)
{
        static const char *const samples[][2] = {
            {"request_id", "4711"},
            {"recipient_name", "Анна Смирнова"},
            {"customer_name", "Анна Смирнова"},
            {"manager_name", "Пётр Иванов"},
            {"contractor_name", "Сергей Кузнецов"},
            {"title", "Ремонт холодильника"},
            {"description", "Не морозит камера, на дисплее ошибка E5"},
            {"region", "Москва"},
            {"city", "Москва"},
            {"address", "ул. Ленина, д. 1"},
            {"urgency", "high"},
            {"equipment_type", "refrigerator"},
            {"amount", "9500.50"},
            {"question", "Какая модель холодильника?"},
            {"cancellation_reason", "Больше не нужно"},
            {"completion_notes", "Заменён компрессор"},
            {"previous_status", "assigned"},
            {"new_status", "in_progress"},
            {"payment_reference", "ПП-17"},
        };

        *values = (struct message_values){.count = count};
        for (size_t i = 0; i < count; i++) {
                const char *sample = names[i];

                for (size_t j = 0; j < sizeof samples / sizeof samples[0]; j++) {
                        if (strcmp(samples[j][0], names[i]) == 0)
                                sample = samples[j][1];
                }
                values->list[i] = (struct message_value){names[i], strdup(sample)};
        }
}

static struct message_value *find(const struct message_values *values, const char *name)
{
        for (size_t i = 0; i < values->count; i++) {
                if (strcmp(values->list[i].name, name) == 0)
                        return (struct message_value *)&values->list[i];
        }
        return NULL;
}

bool message_set(struct message_values *values, const char *name, struct pawl_str value)
{
        struct message_value *v = find(values, name);

        if (v == NULL)
                return false;
        free(v->value);
        v->value = value.ptr != NULL ? strndup(value.ptr, value.len) : NULL;
        return true;
}

const char *message_value(const struct message_values *values, const char *name)
{
        const struct message_value *v = find(values, name);

        return v != NULL ? v->value : NULL;
}

void message_values_clear(struct message_values *values)
{
        for (size_t i = 0; i < values->count; i++)
                free(values->list[i].value);
        values->count = 0;
}

#include "common/schema.h"

#include <string.h>

/* The members that every event has besides its type. */
static const char envelope[] =
    "{\"event_id\": {\"type\": \"string\", \"format\": \"uuid\","
    " \"pattern\": \"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$\"},"
    " \"timestamp\": {\"type\": \"string\", \"description\": \"ISO 8601; UTC where it has no offset\","
    " \"pattern\": \"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\\\.[0-9]+)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?$\"},"
    " \"version\": {\"type\": \"string\", \"default\": \"1.0\"},"
    " \"source\": {\"type\": \"string\", \"default\": \"agregator-service\"},"
    " \"correlation_id\": {\"type\": [\"string\", \"null\"], \"description\": \"carried on by what reacts to the event\"},"
    " \"metadata\": {\"type\": \"object\", \"default\": {}}}";

static json_t *id_schema(void)
{
        return json_pack("{s:s, s:i, s:I}", "type", "integer", "minimum", 0, "maximum", (json_int_t)INT64_MAX);
}

static json_t *choices(const char *text)
{
        json_t *list = json_array();

        while (*text != '\0') {
                size_t len = strcspn(text, "|");

                json_array_append_new(list, json_stringn(text, len));
                text += len + (text[len] == '|');
        }
        return list;
}

static json_t *value_schema(const struct catalogue_field *field)
{
        switch (field->kind) {
        case KIND_ID:
                return id_schema();
        case KIND_NUMBER:
                return json_pack("{s:s}", "type", "number");
        case KIND_STRING:
                return json_pack("{s:s}", "type", "string");
        case KIND_CHOICE:
                return json_pack("{s:s, s:o}", "type", "string", "enum", choices(field->choices));
        case KIND_BOOL:
                return json_pack("{s:s}", "type", "boolean");
        case KIND_OBJECT:
                return json_pack("{s:s}", "type", "object");
        case KIND_IDS:
                return json_pack("{s:s, s:o}", "type", "array", "items", id_schema());
        case KIND_STRINGS:
                return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
        }
        return NULL;
}

static json_t *schema_field(const struct catalogue_field *field)
{
        json_t *schema = value_schema(field);

        /* Existing producers write null for what they do not know. */
        if (!field->required)
                json_object_set_new(schema, "type",
                                    json_pack("[o, s]", json_incref(json_object_get(schema, "type")), "null"));
        if (field->default_text != NULL)
                json_object_set_new(schema, "default", json_loads(field->default_text, JSON_DECODE_ANY, NULL));
        return schema;
}

json_t *schema_type(const struct catalogue_type *type, int which)
{
        json_t *properties = json_pack("{s:{s:s}}", "event_type", "const", type->name),
               *others = json_loads(envelope, 0, NULL);
        json_t *required = which == SCHEMA_ON_BUS ? json_pack("[s, s, s]", "event_type", "event_id", "timestamp")
                                                  : json_pack("[s]", "event_type");

        json_object_update(properties, others);
        json_decref(others);
        for (const struct catalogue_field *field = type->fields; field->name != NULL; field++) {
                json_object_set_new(properties, field->name, schema_field(field));
                if (field->required)
                        json_array_append_new(required, json_string(field->name));
        }
        return json_pack("{s:s, s:s, s:s, s:o, s:o, s:b}", "title", type->name, "description", type->summary, "type",
                         "object", "properties", properties, "required", required, "additionalProperties", 1);
}

/* ---- Examples ---- */

/* What makes an example read like one; other members get a value of their kind. */
static const struct {
        const char *name;
        const char *json;
} samples[] = {
    {"request_id", "4711"},
    {"customer_id", "101"},
    {"manager_id", "7"},
    {"contractor_id", "501"},
    {"contractor_ids", "[501, 502]"},
    {"title", "\"Ремонт холодильника\""},
    {"description", "\"Не морозит камера, на дисплее ошибка E5\""},
    {"urgency", "\"critical\""},
    {"region", "\"Москва\""},
    {"city", "\"Москва\""},
    {"address", "\"ул. Ленина, д. 1\""},
    {"equipment_type", "\"refrigerator\""},
    {"updated_fields", "{\"urgency\": \"high\"}"},
    {"previous_status", "\"sent_to_contractors\""},
    {"new_status", "\"assigned\""},
    {"completion_data",
     "{\"works\": [{\"name\": \"Замена компрессора\", \"quantity\": 1, \"unit\": \"шт.\", \"price\": 8700.50}], \"amount\": 8700.50}"},
    {"recipient_email", "\"anna@example.org\""},
    {"recipient_phone", "\"+79990000001\""},
    {"document_type", "\"work_completion_act\""},
    {"signed_at", "\"2026-11-22T10:00:00+00:00\""},
    {"amount", "8700.50"},
    {"user_role", "\"manager\""},
    {"ip_address", "\"192.0.2.1\""},
    {"success", "true"},
    {"value", "12.5"},
};

static const char *const kind_samples[] = {
    [KIND_ID] = "1",      [KIND_NUMBER] = "1.5", [KIND_BOOL] = "true",
    [KIND_OBJECT] = "{}", [KIND_IDS] = "[1]",    [KIND_STRINGS] = "[\"passport\"]",
};

static json_t *sample_value(const struct catalogue_field *field)
{
        for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
                if (strcmp(samples[i].name, field->name) == 0)
                        return json_loads(samples[i].json, JSON_DECODE_ANY, NULL);
        }
        if (field->kind == KIND_CHOICE)
                return json_stringn(field->choices, strcspn(field->choices, "|"));
        if (field->default_text != NULL)
                return json_loads(field->default_text, JSON_DECODE_ANY, NULL);
        if (field->kind == KIND_STRING)
                return json_string(field->name);
        return json_loads(kind_samples[field->kind], JSON_DECODE_ANY, NULL);
}

json_t *schema_sample(const struct catalogue_type *type, bool complete)
{
        json_t *event =
            json_pack("{s:s, s:s, s:s}", "event_type", type->name, "event_id",
                      complete ? "6c89e4c2-bf53-40ca-afa7-01c1f979794f" : "d2f0c5a8-4c1b-4b6e-8a57-9e0f6f1d3b24",
                      "timestamp", "2026-11-22T10:00:00.123456");

        for (const struct catalogue_field *field = type->fields; field->name != NULL; field++) {
                if (complete || field->required)
                        json_object_set_new(event, field->name, sample_value(field));
        }
        if (complete)
                json_object_update_new(event, json_pack("{s:s, s:s, s:s, s:{}}", "version", "1.0", "source",
                                                        "agregator-service", "correlation_id",
                                                        "0d3ae1b0-6a3e-4f6b-9d1c-3f8b7a4c2e51", "metadata"));
        return event;
}

#include "export.h"

#include <inttypes.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- NDJSON ---- */

static char *base64(struct pawl_str bytes)
{
        unsigned char *text = malloc(4 * (bytes.len / 3 + 1) + 1);

        if (text != NULL)
                EVP_EncodeBlock(text, (const unsigned char *)bytes.ptr, (int)bytes.len);
        return (char *)text;
}

/* {"key": "…"} where the bytes are UTF-8, so that a string holds them exactly; else {"key_base64": "…"}; null when absent. */
static void set_bytes(json_t *object, const char *name, struct pawl_str bytes)
{
        json_t *text = bytes.ptr ? json_stringn(bytes.ptr, bytes.len) : json_null();
        char name_base64[32];
        char *encoded;

        if (text != NULL) {
                json_object_set_new(object, name, text);
                return;
        }
        encoded = base64(bytes);
        if (encoded == NULL)
                return;
        snprintf(name_base64, sizeof name_base64, "%s_base64", name);
        json_object_set_new(object, name_base64, json_string(encoded));
        free(encoded);
}

static void set_number(json_t *object, const char *name, struct optional_int n)
{
        json_object_set_new(object, name, n.present ? json_integer(n.value) : json_null());
}

static json_t *entry_json(const struct entry *e, const struct link *link)
{
        char hash[2 * HASH_SIZE + 1];
        json_t *object =
            json_pack("{sI sI si ss%}", "seq", (json_int_t)link->seq, "recorded", (json_int_t)link->recorded, "variant",
                      (int)link->variant, "topic", e->topic.ptr, e->topic.len);

        json_object_set_new(object, "partition", json_integer(e->partition));
        json_object_set_new(object, "offset", json_integer(e->offset));
        json_object_set_new(object, "time", json_integer(e->time));
        set_bytes(object, "event_type", e->event_type);
        set_bytes(object, "event_id", e->event_id);
        set_bytes(object, "correlation_id", e->correlation_id);
        set_number(object, "request_id", e->request_id);
        set_number(object, "user_id", e->user_id);
        set_bytes(object, "key", e->key);
        set_bytes(object, "value", e->value);
        json_object_set_new(object, "event_hash", json_string(hash_text(link->event_hash, hash)));
        json_object_set_new(object, "hash", json_string(hash_text(link->hash, hash)));
        if (link->pruned != 0)
                json_object_set_new(object, "pruned", json_integer(link->pruned));
        return object;
}

char *export_ndjson(const struct entry *entry, const struct link *link)
{
        json_t *object = entry_json(entry, link);
        char *line = json_dumps(object, JSON_COMPACT);
        size_t len = line != NULL ? strlen(line) : 0;
        char *ended = line != NULL ? realloc(line, len + 2) : NULL;

        json_decref(object);
        if (ended == NULL)
                free(line);
        else
                memcpy(ended + len, "\n", 2);
        return ended;
}

/* ---- CSV ---- */

const char export_csv_header[] = "seq,recorded,variant,topic,partition,offset,time,event_type,event_id,correlation_id,"
                                 "request_id,user_id,key,key_base64,value,value_base64,event_hash,hash,pruned\r\n";

/* A cell's text in quotes. Numbers of our own making never pass here, so a negative one stays a number. */
static void put_text(FILE *out, struct pawl_str text)
{
        if (text.ptr == NULL)
                return;
        fputc('"', out);
        if (text.len > 0 && memchr("=+-@\t\r\n", text.ptr[0], 7) != NULL)
                fputc('\'', out);
        for (size_t i = 0; i < text.len; i++) {
                if (text.ptr[i] == '"')
                        fputc('"', out);
                fputc(text.ptr[i], out);
        }
        fputc('"', out);
}

/* Text of UTF-8 without NUL can stand in a CSV; other bytes go into a column of their own. */
static bool is_text(struct pawl_str bytes)
{
        json_t *text =
            bytes.ptr != NULL && memchr(bytes.ptr, '\0', bytes.len) == NULL ? json_stringn(bytes.ptr, bytes.len) : NULL;

        json_decref(text);
        return text != NULL;
}

static void put_bytes(FILE *out, struct pawl_str bytes)
{
        char *encoded = NULL;

        if (bytes.ptr == NULL) {
                fputc(',', out);
                return;
        }
        if (is_text(bytes)) {
                put_text(out, bytes);
                fputc(',', out);
                return;
        }
        encoded = base64(bytes);
        fprintf(out, ",%s", encoded != NULL ? encoded : "");
        free(encoded);
}

static void put_columns_text(FILE *out, struct pawl_str text)
{
        if (text.ptr != NULL && !is_text(text))
                text = pawl_text("(not UTF-8: see the NDJSON)");
        put_text(out, text);
        fputc(',', out);
}

static void put_number(FILE *out, struct optional_int n)
{
        if (n.present)
                fprintf(out, "%" PRId64, n.value);
        fputc(',', out);
}

char *export_csv(const struct entry *e, const struct link *link)
{
        char hash[2 * HASH_SIZE + 1];
        char *line = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&line, &size);

        if (out == NULL)
                return NULL;
        fprintf(out, "%" PRId64 ",%" PRId64 ",%" PRId32 ",", link->seq, link->recorded, link->variant);
        put_columns_text(out, e->topic);
        fprintf(out, "%" PRId32 ",%" PRId64 ",%" PRId64 ",", e->partition, e->offset, e->time);
        put_columns_text(out, e->event_type);
        put_columns_text(out, e->event_id);
        put_columns_text(out, e->correlation_id);
        put_number(out, e->request_id);
        put_number(out, e->user_id);
        put_bytes(out, e->key);
        fputc(',', out);
        put_bytes(out, e->value);
        fprintf(out, ",%s", hash_text(link->event_hash, hash));
        fprintf(out, ",%s,", hash_text(link->hash, hash));
        if (link->pruned != 0)
                fprintf(out, "%" PRId64, link->pruned);
        fputs("\r\n", out);
        if (fclose(out) == 0)
                return line;
        free(line);
        return NULL;
}

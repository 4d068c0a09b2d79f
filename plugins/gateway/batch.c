#include "batch.h"

#include "gateway.h"
#include "intake.h"
#include "sending.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define FAULTS_MAX 500 /* told; the rest is counted */

struct batch {
        struct exchange *exchange;
        struct submission *submission;
        struct text line; /* the part of a line that has come */
        uint32_t lines;
        json_t *faults;
        size_t faulty;     /* lines */
        EVP_MD_CTX *print; /* over the whole body */
};

struct batch *batch_new(struct exchange *exchange)
{
        struct batch *b = memory_new(1, sizeof *b);

        b->exchange = exchange;
        b->submission = submission_new();
        b->submission->batch = true;
        b->faults = json_array();
        b->print = EVP_MD_CTX_new();
        if (b->print == NULL || EVP_DigestInit_ex(b->print, EVP_sha256(), NULL) != 1)
                abort();
        return b;
}

void batch_free(struct batch **batch)
{
        struct batch *b = *batch;

        *batch = NULL;
        if (b == NULL)
                return;
        if (b->submission != NULL)
                sending_release(b->exchange->gateway, b->submission);
        submission_free(&b->submission);
        text_free(&b->line);
        json_decref(b->faults);
        EVP_MD_CTX_free(b->print);
        free(b);
}

/* An event with an id of its own may have come before. */
static void look_up(struct batch *b, struct outgoing *o, struct pawl_str line)
{
        struct exchange *ex = b->exchange;
        int64_t number;

        o->replay = replay_key_of("event", ex->caller.name, pawl_text(o->event_id), line, ex->path);
        switch (replay_look_only(ex->gateway->replay, &o->replay)) {
        case REPLAY_SAME:
                o->repeated = true;
                return;
        case REPLAY_NEW:
                o->keyed = true;
                sending_claim(ex->gateway, &o->replay);
                return;
        default:
                sending_known(ex, &o->replay, &number);
                return;
        }
}

static struct pawl_str trim(struct pawl_str line)
{
        while (line.len > 0 && strchr(" \t\r", line.ptr[line.len - 1]) != NULL)
                line.len--;
        while (line.len > 0 && strchr(" \t", *line.ptr) != NULL) {
                line.ptr++;
                line.len--;
        }
        return line;
}

static void take_line(struct batch *b, struct pawl_str line)
{
        struct exchange *ex = b->exchange;
        char id[37];
        bool own;

        b->lines++;
        line = trim(line);
        if (line.len == 0 || ex->answer.status != 0)
                return;
        if (b->submission->count == ex->gateway->limits.events) {
                exchange_problem(ex, 413, "expected at most %zu events, found more", ex->gateway->limits.events);
                return;
        }
        if (b->faulty > 0 && json_array_size(b->faults) >= FAULTS_MAX) {
                b->faulty++;
                return;
        }
        intake_id(ex, b->lines, id);
        if (!intake_add(ex, b->submission, line, id, b->lines, b->faults, &own))
                b->faulty++;
        else if (own)
                look_up(b, &b->submission->items[b->submission->count - 1], line);
}

void batch_take(struct batch *b, const char *bytes, size_t len)
{
        const char *end;

        EVP_DigestUpdate(b->print, bytes, len);
        while ((end = memchr(bytes, '\n', len)) != NULL) {
                size_t part = (size_t)(end - bytes);

                if (b->line.len == 0) {
                        take_line(b, pawl_bytes(bytes, part));
                } else {
                        text_add(&b->line, bytes, part);
                        take_line(b, text_view(&b->line));
                        b->line.len = 0;
                }
                bytes += part + 1;
                len -= part + 1;
        }
        text_add(&b->line, bytes, len);
}

static void spend(struct exchange *ex, size_t events)
{
        struct tokens *tokens = ex->gateway->tokens;

        for (size_t i = 0; tokens != NULL && i < tokens->count; i++)
                if (strcmp(tokens->items[i].name, ex->caller.name) == 0)
                        token_spend(&tokens->items[i], (double)events);
}

/* True: it is new, and its key, if it has one, is taken. */
static bool take_key(struct batch *b)
{
        struct exchange *ex = b->exchange;
        unsigned char hash[EVP_MAX_MD_SIZE];
        struct replay_key key;
        unsigned len = 0;
        int64_t number;
        int known;

        EVP_DigestFinal_ex(b->print, hash, &len);
        if (!sending_key(ex, pawl_bytes(hash, len), &key))
                return true;
        known = sending_known(ex, &key, &number);
        if (known == SENDING_REPEATED) {
                sending_again(ex, b->submission);
                b->submission = NULL;
        }
        if (known != SENDING_NEW)
                return false;
        sending_claim(ex->gateway, &key);
        b->submission->keyed = true;
        b->submission->replay = key;
        return true;
}

void batch_end(struct batch *b)
{
        struct exchange *ex = b->exchange;
        struct submission *s = b->submission;

        if (b->line.len > 0)
                take_line(b, text_view(&b->line));
        if (ex->answer.status != 0)
                return;
        if (b->faulty > 0) {
                intake_refuse(ex, json_incref(b->faults));
        } else if (s->count == 0) {
                exchange_problem(ex, 400, "expected at least one event, a line each, found none");
        } else if (!sending_impossible(ex) && take_key(b)) {
                b->submission = NULL;
                spend(ex, s->count - 1);
                sending_begin(ex, s);
        }
}

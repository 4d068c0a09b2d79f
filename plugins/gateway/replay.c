#include "replay.h"

#include "text.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 65536 /* a few thousand entries at a time */

struct entry {
        struct entry *next;
        struct replay_key key;
        int64_t request_id;
        unsigned status; /* 0: on its way */
        char *body;
        void *waiter; /* for the reservation's row */
};

struct replay {
        struct pawl_instance *instance;
        struct journal *journal;
        struct entry *buckets[BUCKETS];
};

struct replay *replay_new(struct pawl_instance *instance, struct journal *journal)
{
        struct replay *r = memory_new(1, sizeof *r);

        r->instance = instance;
        r->journal = journal;
        return r;
}

static void entry_free(struct entry *e)
{
        free(e->body);
        free(e);
}

void replay_free(struct replay **replay)
{
        struct replay *r = *replay;

        *replay = NULL;
        for (size_t i = 0; r != NULL && i < BUCKETS; i++) {
                while (r->buckets[i] != NULL) {
                        struct entry *e = r->buckets[i];

                        r->buckets[i] = e->next;
                        entry_free(e);
                }
        }
        free(r);
}

static void digest(EVP_MD_CTX *md, unsigned char out[JOURNAL_KEY])
{
        unsigned char hash[32] = {0};

        EVP_DigestFinal_ex(md, hash, NULL);
        memcpy(out, hash, JOURNAL_KEY);
}

struct replay_key replay_key_of(const char *word, const char *caller, struct pawl_str value, struct pawl_str asked,
                                const char *path)
{
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        struct replay_key key;

        if (md == NULL)
                abort();
        /* The end of each part is marked, so that parts do not run together. */
        EVP_DigestInit_ex(md, EVP_sha256(), NULL);
        EVP_DigestUpdate(md, word, strlen(word) + 1);
        EVP_DigestUpdate(md, caller, strlen(caller) + 1);
        EVP_DigestUpdate(md, value.ptr, value.len);
        digest(md, key.key);
        EVP_DigestInit_ex(md, EVP_sha256(), NULL);
        EVP_DigestUpdate(md, path, strlen(path) + 1);
        EVP_DigestUpdate(md, asked.ptr, asked.len);
        digest(md, key.print);
        EVP_MD_CTX_free(md);
        return key;
}

static struct entry **place_of(struct replay *r, const unsigned char key[JOURNAL_KEY])
{
        struct entry **at = &r->buckets[(unsigned)key[0] << 8 | key[1]];

        while (*at != NULL && memcmp((*at)->key.key, key, JOURNAL_KEY) != 0)
                at = &(*at)->next;
        return at;
}

/* A key of those that are not in the file, or not yet. */
static int look_here(const struct entry *e, const struct replay_key *key, struct journal_row *row)
{
        if (memcmp(e->key.print, key->print, JOURNAL_KEY) != 0)
                return REPLAY_OTHER;
        if (e->status == 0)
                return REPLAY_RUNNING;
        *row = (struct journal_row){.request_id = e->request_id, .status = e->status};
        row->body = e->body != NULL ? memory_text(e->body, strlen(e->body)) : NULL;
        return REPLAY_SAME;
}

int replay_look(struct replay *r, const struct replay_key *key, struct journal_row *row)
{
        const struct entry *e = *place_of(r, key->key);
        int found;

        *row = (struct journal_row){.request_id = -1};
        if (e != NULL)
                return look_here(e, key, row);
        if (journal_waiting(r->journal) > JOURNAL_MAX)
                return REPLAY_UNKNOWN;
        found = journal_find(r->journal, key->key, row);
        if (found <= 0)
                return found == 0 ? REPLAY_NEW : REPLAY_UNKNOWN;
        if (memcmp(row->print, key->print, JOURNAL_KEY) != 0) {
                free(row->body);
                row->body = NULL;
                return REPLAY_OTHER;
        }
        return row->status != 0 ? REPLAY_SAME : REPLAY_TAKEN;
}

int replay_look_only(struct replay *r, const struct replay_key *key)
{
        struct journal_row row;
        int known = replay_look(r, key, &row);

        free(row.body);
        return known;
}

static void put(struct replay *r, const struct entry *e, bool urgent)
{
        struct journal_row *row = memory_new(1, sizeof *row);

        memcpy(row->key, e->key.key, JOURNAL_KEY);
        memcpy(row->print, e->key.print, JOURNAL_KEY);
        row->time = pawl_now(r->instance);
        row->request_id = e->request_id;
        row->status = e->status;
        row->body = e->body != NULL ? memory_text(e->body, strlen(e->body)) : NULL;
        journal_put(r->journal, row, urgent);
}

static struct entry *have(struct replay *r, const struct replay_key *key)
{
        struct entry **at = place_of(r, key->key);

        if (*at == NULL) {
                *at = memory_new(1, sizeof **at);
                (*at)->key = *key;
                (*at)->request_id = -1;
        }
        return *at;
}

void replay_begin(struct replay *r, const struct replay_key *key)
{
        have(r, key);
}

void replay_reserve(struct replay *r, const struct replay_key *key, int64_t request_id, void *waiter)
{
        struct entry *e = have(r, key);

        e->request_id = request_id;
        e->waiter = waiter;
        put(r, e, true);
}

void replay_end(struct replay *r, const struct replay_key *key, int64_t request_id, unsigned status, const char *body)
{
        struct entry *e = *place_of(r, key->key);

        if (e == NULL)
                return;
        e->request_id = request_id;
        e->status = status;
        free(e->body);
        e->body = body != NULL ? memory_text(body, strlen(body)) : NULL;
        put(r, e, false);
}

static void forget(struct entry **at)
{
        struct entry *e = *at;

        *at = e->next;
        entry_free(e);
}

void replay_drop(struct replay *r, const struct replay_key *key)
{
        struct entry **at = place_of(r, key->key);

        if (*at != NULL)
                forget(at);
}

void replay_serve(struct replay *r, void (*reserved)(void *arg, void *waiter), void *arg)
{
        struct journal_row *row = journal_written(r->journal);

        while (row != NULL) {
                struct journal_row *next = row->next;
                struct entry **at = place_of(r, row->key);

                if (*at != NULL && row->status != 0 && (*at)->status != 0) {
                        forget(at);
                } else if (*at != NULL && row->status == 0 && (*at)->waiter != NULL) {
                        void *waiter = (*at)->waiter;

                        (*at)->waiter = NULL;
                        reserved(arg, waiter);
                }
                journal_row_free(row);
                row = next;
        }
}

/* POST /v1/events: any valid event, or many. */
#include "batch.h"
#include "gateway.h"
#include "intake.h"
#include "routes.h"
#include "sending.h"

/* True: it is new, and the key is taken. */
static bool take_key(struct exchange *ex, struct submission **s, const struct replay_key *key)
{
        int64_t number;
        int known = sending_known(ex, key, &number);

        if (known == SENDING_REPEATED) {
                sending_again(ex, *s);
                *s = NULL;
        }
        if (known == SENDING_NEW)
                sending_claim(ex->gateway, key);
        return known == SENDING_NEW;
}

static bool take_keys(struct exchange *ex, struct submission **s, bool own)
{
        struct pawl_str asked = text_view(&ex->body);
        struct outgoing *o = &(*s)->items[0];
        struct replay_key key;

        if (sending_key(ex, asked, &key)) {
                if (!take_key(ex, s, &key))
                        return false;
                (*s)->keyed = true;
                (*s)->replay = key;
        }
        if (own) {
                key = replay_key_of("event", ex->caller.name, pawl_text(o->event_id), asked, ex->path);
                if (!take_key(ex, s, &key))
                        return false;
                o->keyed = true;
                o->replay = key;
        }
        return true;
}

void events_post(struct exchange *ex)
{
        struct submission *s;
        json_t *faults;
        char id[37];
        bool own;

        if (ex->batch != NULL) {
                batch_end(ex->batch);
                return;
        }
        s = submission_new();
        faults = json_array();
        intake_id(ex, 0, id);
        if (!intake_add(ex, s, text_view(&ex->body), id, 0, faults, &own)) {
                intake_refuse(ex, json_incref(faults));
        } else if (!sending_impossible(ex) && take_keys(ex, &s, own)) {
                sending_begin(ex, s);
                s = NULL;
        }
        if (s != NULL)
                sending_release(ex->gateway, s);
        submission_free(&s);
        json_decref(faults);
}

/* From a rule to deliveries: who is told, on which channels, in which words, and from when on. */
#include "handling.h"
#include "quiet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- One delivery ---- */

static struct delivery *new_delivery(struct handling *h, const struct rule *rule, int channel, int64_t recipient)
{
        struct delivery *d;

        if (h->count == h->room) {
                size_t room = h->room ? 2 * h->room : 4;
                struct delivery *more = realloc(h->deliveries, room * sizeof *more);

                if (more == NULL)
                        return NULL;
                h->deliveries = more;
                h->room = room;
        }
        d = &h->deliveries[h->count++];
        *d = (struct delivery){
            .channel = strdup(address_channel(channel)),
            .message_type = strdup(rule->message),
            .recipient_id = recipient,
            .request_id = h->facts.request_id,
            .created = h->now,
            .deadline = h->now + h->n->deadline,
        };
        return d;
}

/* A delivery that is failed from the start. Takes `reason` over. */
static pawl_result fail_delivery(struct handling *h, const struct rule *rule, int64_t recipient, char *reason)
{
        struct delivery *d = new_delivery(h, rule, rule->channels[0], recipient);

        if (d == NULL) {
                free(reason);
                return pawl_retry(h->ctx, "out of memory");
        }
        d->address = strdup("");
        d->subject = strdup("");
        d->text = strdup("");
        d->error = reason;
        return d->channel && d->message_type && d->address && d->subject && d->text && d->error
                   ? PAWL_OK
                   : pawl_retry(h->ctx, "out of memory");
}

PAWL_PRINTF(4, 5)
static pawl_result fail(struct handling *h, const struct rule *rule, int64_t recipient, const char *fmt, ...)
{
        char *reason = NULL;
        va_list ap;
        int len;

        va_start(ap, fmt);
        len = vasprintf(&reason, fmt, ap);
        va_end(ap);
        return fail_delivery(h, rule, recipient, len >= 0 ? reason : NULL);
}

/* The URL that a recipient unsubscribes at; NULL: none. */
static char *unsubscribe(const struct notifications *n, const struct rule *rule, int channel, int64_t recipient)
{
        const char *url = n->unsubscribe_url, *place = strstr(url, "{{recipient_id}}");
        char *text = NULL;

        if (!rule->optional || channel != ADDRESS_EMAIL || url[0] == '\0' || recipient == DELIVERY_NO_ID)
                return NULL;
        if (place == NULL)
                return strdup(url);
        if (asprintf(&text, "%.*s%" PRId64 "%s", (int)(place - url), url, recipient,
                     place + strlen("{{recipient_id}}")) < 0)
                return NULL;
        return text;
}

/* When he may be written to; 0: at once. */
static int64_t not_before(const struct handling *h, const struct rule *rule, const struct person *person)
{
        const char *zone = person->values[PERSON_TIME_ZONE];
        int64_t until;

        if (rule->urgent || person->values[PERSON_QUIET_FROM][0] == '\0')
                return 0;
        until = quiet_until(quiet_minutes(person->values[PERSON_QUIET_FROM]),
                            quiet_minutes(person->values[PERSON_QUIET_TO]), zone[0] ? zone : h->n->time_zone, h->now);
        return until > h->now ? until : 0;
}

static bool fill_delivery(struct handling *h, struct delivery *d, const struct person *person, int channel,
                          struct template_text *text)
{
        const char *username = person->values[PERSON_TELEGRAM_USERNAME];

        if (username[0] != '\0' && channel == ADDRESS_TELEGRAM)
                d->address_name = strdup(username + (username[0] == '@'));
        d->address = strdup(person_address(person, channel));
        d->subject = strdup(text->subject);
        d->text = strdup(text->text);
        d->html = text->html != NULL ? strdup(text->html) : NULL;
        d->language = strdup(text->language);
        if (d->not_before > h->now)
                d->deadline = d->not_before + h->n->deadline;
        return d->channel && d->message_type && d->address && d->subject && d->text;
}

static pawl_result write_to(struct handling *h, const struct rule *rule, const struct person *person, int64_t recipient,
                            int channel)
{
        const char *language = person->values[PERSON_LANGUAGE];
        struct template_text text;
        struct delivery *d;
        bool ok;

        message_set(&h->values, "recipient_name", pawl_text(person->values[PERSON_NAME]));
        if (!template_render(h->n->templates, rule->message, address_channel(channel),
                             language[0] ? language : h->n->language, &h->values, &text))
                return pawl_retry(h->ctx, "out of memory");
        d = new_delivery(h, rule, channel, recipient);
        if (d != NULL) {
                d->not_before = not_before(h, rule, person);
                d->unsubscribe = unsubscribe(h->n, rule, channel, recipient);
        }
        ok = d != NULL && fill_delivery(h, d, person, channel, &text);
        template_text_free(&text);
        return ok ? PAWL_OK : pawl_retry(h->ctx, "out of memory");
}

/* ---- One recipient ---- */

static bool allowed(const struct rule *rule, int channel)
{
        for (size_t i = 0; i < rule->channel_count; i++) {
                if (rule->channels[i] == channel)
                        return true;
        }
        return false;
}

/* The rule's channels in the order to be tried: those that he prefers, then the others. Returns how many. */
static size_t order_channels(const struct rule *rule, const struct person *person, int order[ADDRESS_KINDS])
{
        size_t count = 0;
        unsigned taken = 0;
        const char *at = rule->urgent ? "" : person->values[PERSON_CHANNELS];

        while (*(at += strspn(at, " ;")) != '\0') {
                size_t len = strcspn(at, " ;");
                int channel = address_kind(at, len);

                if (channel >= 0 && allowed(rule, channel)) {
                        order[count++] = channel;
                        taken |= 1u << channel;
                }
                at += len;
        }
        for (size_t i = 0; i < rule->channel_count; i++) {
                if ((taken & 1u << rule->channels[i]) == 0)
                        order[count++] = rule->channels[i];
        }
        return count;
}

/* Writes to a person; *reached is false when he has no address for any of the rule's channels that are configured. */
static pawl_result tell(struct handling *h, const struct rule *rule, const struct person *person, int64_t recipient,
                        bool *reached)
{
        int order[ADDRESS_KINDS];
        size_t count = order_channels(rule, person, order);

        *reached = rule->optional && strcmp(person->values[PERSON_UNSUBSCRIBED], "yes") == 0;
        if (*reached)
                return PAWL_OK;
        for (size_t i = 0; i < count && (rule->all || !*reached); i++) {
                pawl_result result;

                if (!h->n->configured[order[i]] || person_address(person, order[i])[0] == '\0')
                        continue;
                result = write_to(h, rule, person, recipient, order[i]);
                if (result != PAWL_OK)
                        return result;
                *reached = true;
        }
        return PAWL_OK;
}

/* ---- The recipients of a rule ---- */

/* Tells the region's mailboxes of the settings, the first that can be reached or all. */
static pawl_result tell_mailboxes(struct handling *h, const struct rule *rule, int64_t recipient, bool all,
                                  bool *reached)
{
        const char *region = h->facts.texts[FACT_REGION];
        const struct people *mailboxes = &h->n->regions;

        for (size_t i = 0; region != NULL && i < mailboxes->count && (all || !*reached); i++) {
                bool one;
                pawl_result result;

                if (strcmp(mailboxes->list[i].values[PERSON_REGION], region) != 0)
                        continue;
                result = tell(h, rule, &mailboxes->list[i], recipient, &one);
                if (result != PAWL_OK)
                        return result;
                *reached = *reached || one;
        }
        return PAWL_OK;
}

static pawl_result tell_party(struct handling *h, const struct rule *rule, enum party party)
{
        int64_t id = h->facts.parties[party];
        struct person person;
        bool found = false, reached = false;
        pawl_result result;

        if (id == FACTS_NO_ID && rule->if_any)
                return PAWL_OK;
        if (id == FACTS_NO_ID)
                return fail(h, rule, DELIVERY_NO_ID, "the %s of request %" PRId64 " is not known", party_role(party),
                            h->facts.request_id);
        result = directory_find(h->n->directory, party_role(party), id, &person, &found);
        if (result != PAWL_OK)
                return handling_outcome(h->ctx, result, directory_error(h->n->directory));
        if (found) {
                result = tell(h, rule, &person, id, &reached);
                person_clear(&person);
        }
        if (result == PAWL_OK && !reached && party == PARTY_MANAGER)
                result = tell_mailboxes(h, rule, id, false, &reached);
        if (result != PAWL_OK || reached)
                return result;
        return fail(h, rule, id,
                    found ? "%s %" PRId64 " has no address for a configured channel of this message"
                          : "no address is known of %s %" PRId64,
                    party_role(party), id);
}

static pawl_result tell_region(struct handling *h, const struct rule *rule)
{
        const char *region = h->facts.texts[FACT_REGION];
        struct people people = {0};
        bool reached = false;
        pawl_result result = PAWL_OK;

        if (region != NULL)
                result = directory_of_region(h->n->directory, "manager", region, &people);
        if (result != PAWL_OK)
                handling_outcome(h->ctx, result, directory_error(h->n->directory));
        for (size_t i = 0; result == PAWL_OK && i < people.count; i++) {
                bool one;

                result = tell(h, rule, &people.list[i], people.list[i].id, &one);
                reached = reached || one;
        }
        people_clear(&people);
        if (result == PAWL_OK)
                result = tell_mailboxes(h, rule, DELIVERY_NO_ID, true, &reached);
        if (result != PAWL_OK || reached || rule->if_any)
                return result;
        return fail(h, rule, DELIVERY_NO_ID, "no address is known of a manager of region %s",
                    region != NULL ? region : "(not known)");
}

static pawl_result tell_address(struct handling *h, const struct rule *rule)
{
        static const enum person_value places[ADDRESS_KINDS] = {
            [ADDRESS_EMAIL] = PERSON_EMAIL, [ADDRESS_TELEGRAM] = PERSON_TELEGRAM_CHAT_ID, [ADDRESS_SMS] = PERSON_PHONE};
        struct person person = {.id = PERSON_NOBODY};
        bool reached;
        pawl_result result;

        for (int i = 0; i < PERSON_VALUES; i++)
                person.values[i] = "";
        person.values[places[rule->channels[0]]] = (char *)rule->address;
        result = tell(h, rule, &person, DELIVERY_NO_ID, &reached);
        if (result != PAWL_OK || reached)
                return result;
        return fail(h, rule, DELIVERY_NO_ID, "channel %s is not configured", address_channel(rule->channels[0]));
}

pawl_result telling_apply(struct handling *h, const struct rule *rule)
{
        switch (rule->to) {
        case TO_CUSTOMER:
        case TO_MANAGER:
        case TO_CONTRACTOR:
                return tell_party(h, rule, (enum party)rule->to);
        case TO_REGION_MANAGERS:
                return tell_region(h, rule);
        case TO_ADDRESS:
        default:
                return tell_address(h, rule);
        }
}

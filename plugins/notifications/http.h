/*
 * What the channels over HTTP share: a request to one URL, and what an answer means that is no answer to the message.
 */
#ifndef NOTIFICATIONS_HTTP_H
#define NOTIFICATIONS_HTTP_H

#include "transfer.h"

struct http_request {
        const char *url;
        const char *method;
        const char *content_type; /* of the body; NULL: no body */
        const char *ca_file;      /* "": the system's */
};

/* Makes transfer->easy ready for it, with transfer->request as the body and transfer->list as more headers. False: memory. */
bool http_prepare(struct transfer *transfer, const struct http_request *request);

/* The answer's status; 0: none came. */
long http_status(const struct transfer *transfer);

/* The answer's body; "" when there is none. */
const char *http_reply(const struct transfer *transfer);

/* What Retry-After says, in nanoseconds, within reason; `otherwise` when it is not there. */
int64_t http_retry_after(const struct transfer *transfer, int64_t otherwise);

#define HTTP_WAIT_MAX PAWL_S(3600) /* a provider's pause is not believed beyond this */

#endif

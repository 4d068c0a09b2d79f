#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t read_reply(char *bytes, size_t size, size_t count, void *arg)
{
        struct transfer *t = arg;
        size_t len = size * count, room, n;

        if (t->reply == NULL && (t->reply = malloc(REPLY_MAX + 1)) == NULL)
                return 0;
        room = REPLY_MAX - t->reply_len;
        n = len < room ? len : room;
        memcpy(t->reply + t->reply_len, bytes, n);
        t->reply_len += n;
        t->reply[t->reply_len] = '\0';
        return len;
}

static bool add_header(struct transfer *t, const char *name, const char *value)
{
        char line[256];
        struct curl_slist *list;

        snprintf(line, sizeof line, "%s: %s", name, value);
        list = curl_slist_append(t->list, line);
        if (list != NULL)
                t->list = list;
        return list != NULL;
}

bool http_prepare(struct transfer *transfer, const struct http_request *request)
{
        CURL *easy = transfer->easy = curl_easy_init();

        if (easy == NULL)
                return false;
        curl_easy_setopt(easy, CURLOPT_URL, request->url);
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "pawl-notifications");
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, read_reply);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
        if (request->ca_file[0] != '\0')
                curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
        if (request->content_type != NULL) {
                /* libcurl waits a second for "100 Continue" before a longer body, which no provider here needs. */
                if (!add_header(transfer, "Content-Type", request->content_type) || !add_header(transfer, "Expect", ""))
                        return false;
                curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->request);
                curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->request_len);
        }
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->list);
        return true;
}

long http_status(const struct transfer *transfer)
{
        long status = 0;

        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
        return status;
}

const char *http_reply(const struct transfer *transfer)
{
        return transfer->reply ? transfer->reply : "";
}

int64_t http_retry_after(const struct transfer *transfer, int64_t otherwise)
{
        curl_off_t seconds = 0;

        curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &seconds);
        if (seconds <= 0)
                return otherwise;
        return seconds < HTTP_WAIT_MAX / PAWL_S(1) ? PAWL_S(seconds) : HTTP_WAIT_MAX;
}

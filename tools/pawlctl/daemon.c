#include "daemon.h"

#include "base/buf.h"
#include "base/memory.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX      (64 * 1024 * 1024)
#define ANSWER_LINE_MAX (4 * 1024 * 1024)

struct transfer {
        CURL *curl;
        struct buf body; /* the answer, or the line that is not complete yet */
        size_t max;
        void (*line)(void *arg, long status, const json_t *json);
        void *arg;
};

static long http_status(CURL *curl)
{
        long status = 0;

        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        return status;
}

/* Takes complete lines out of the body. */
static void give_lines(struct transfer *t)
{
        size_t begin = 0;

        for (;;) {
                const char *at = t->body.data + begin, *end = memchr(at, '\n', t->body.len - begin);
                json_t *json;

                if (end == NULL)
                        break;
                json = json_loadb(at, (size_t)(end - at), 0, NULL);
                if (json != NULL)
                        t->line(t->arg, 200, json);
                json_decref(json);
                begin += (size_t)(end - at) + 1;
        }
        if (begin > 0) {
                memmove(t->body.data, t->body.data + begin, t->body.len - begin);
                t->body.len -= begin;
        }
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
        struct transfer *t = arg;

        if (t->body.len + size * count > t->max)
                return 0;
        buf_add(&t->body, bytes, size * count);
        if (t->line != NULL && http_status(t->curl) == 200)
                give_lines(t);
        return size * count;
}

static void explain(const char *socket_path, CURL *curl, CURLcode code, struct pawl_error *err)
{
        long number = 0;

        curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
        if (code != CURLE_COULDNT_CONNECT)
                error_set(err, "%s: %s", socket_path, curl_easy_strerror(code));
        else if (number == EACCES || number == EPERM)
                error_set(err, "%s: not allowed; be root, or a member of the group that owns the socket", socket_path);
        else
                error_set(
                    err,
                    "pawld does not answer on %s (%s). Is it running? Start it (systemctl start pawld), or name its "
                    "configuration with --config or its socket with --socket",
                    socket_path, number != 0 ? strerror((int)number) : "cannot connect");
}

static bool perform(struct transfer *t, const char *socket_path, const char *method, const char *path,
                    const json_t *body, long timeout_s, struct pawl_error *err)
{
        char *url = memory_printf("http://pawld%s", path);
        char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
        struct curl_slist *headers = NULL;
        CURLcode code;

        if (text != NULL)
                headers = curl_slist_append(headers, "Content-Type: application/json");
        /* A body of any size goes without asking first. */
        headers = curl_slist_append(headers, "Expect:");
        curl_easy_setopt(t->curl, CURLOPT_URL, url);
        curl_easy_setopt(t->curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
        curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, method);
        curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(t->curl, CURLOPT_TIMEOUT, timeout_s);
        curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
        if (strcmp(method, "POST") == 0)
                curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, text != NULL ? text : "");
        code = curl_easy_perform(t->curl);
        if (code != CURLE_OK)
                explain(socket_path, t->curl, code, err);
        curl_slist_free_all(headers);
        free(text);
        free(url);
        return code == CURLE_OK;
}

bool daemon_call(const char *socket_path, const char *method, const char *path, const json_t *body, long timeout_s,
                 struct daemon_reply *reply, struct pawl_error *err)
{
        struct transfer t = {.curl = curl_easy_init(), .max = ANSWER_MAX};
        bool ok;

        *reply = (struct daemon_reply){0};
        if (t.curl == NULL)
                return error_set(err, "libcurl cannot be initialized");
        ok = perform(&t, socket_path, method, path, body, timeout_s, err);
        if (ok) {
                reply->status = http_status(t.curl);
                if (t.body.len > 0)
                        reply->json = json_loadb(t.body.data, t.body.len, 0, NULL);
        }
        buf_free(&t.body);
        curl_easy_cleanup(t.curl);
        return ok;
}

void daemon_reply_clear(struct daemon_reply *reply)
{
        json_decref(reply->json);
        *reply = (struct daemon_reply){0};
}

const char *daemon_error(const struct daemon_reply *reply)
{
        const char *text = json_string_value(json_object_get(reply->json, "error"));

        return text != NULL ? text : "pawld's answer is not understood; are pawld and pawlctl of one version?";
}

bool daemon_stream(const char *socket_path, const char *path, const json_t *body,
                   void (*line)(void *arg, long status, const json_t *json), void *arg, struct pawl_error *err)
{
        struct transfer t = {.curl = curl_easy_init(), .max = ANSWER_LINE_MAX, .line = line, .arg = arg};
        json_t *json;
        bool ok;

        if (t.curl == NULL)
                return error_set(err, "libcurl cannot be initialized");
        ok = perform(&t, socket_path, "POST", path, body, 0, err);
        if (ok && http_status(t.curl) != 200) {
                json = json_loadb(t.body.data != NULL ? t.body.data : "", t.body.len, 0, NULL);
                line(arg, http_status(t.curl), json);
                json_decref(json);
        }
        buf_free(&t.body);
        curl_easy_cleanup(t.curl);
        return ok;
}

char *daemon_escape(const char *text)
{
        char *escaped = curl_easy_escape(NULL, text, 0);
        char *copy = memory_string(escaped != NULL ? escaped : "");

        curl_free(escaped);
        return copy;
}

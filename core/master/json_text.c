#include "master/json_text.h"

#include "base/buf.h"

#include <stdarg.h>
#include <string.h>

static json_t *of_bytes(const char *text, size_t len)
{
        struct buf quoted = {0};
        json_t *json = json_stringn(text, len);

        if (json != NULL)
                return json;
        buf_add_json_string(&quoted, text, len);
        json = json_loadb(quoted.data, quoted.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        buf_free(&quoted);
        return json != NULL ? json : json_string("?");
}

json_t *json_text(const char *text)
{
        return of_bytes(text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

json_t *json_textf(const char *fmt, ...)
{
        struct buf text = {0};
        json_t *json;
        va_list ap;

        va_start(ap, fmt);
        buf_vprintf(&text, fmt, ap);
        va_end(ap);
        json = of_bytes(text.data != NULL ? text.data : "", text.len);
        buf_free(&text);
        return json;
}

/* For schemas.py: what the catalogue's own check says of each line of standard input: "ok", or its faults as JSON. */
#include "common/event_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
        const struct event_text_options options = {.now = INT64_C(1795000000000000000), .uuid = event_text_uuid};
        char *line = NULL, *text;
        size_t size = 0;
        ssize_t len;

        while ((len = getline(&line, &size, stdin)) > 0) {
                json_t *faults = json_array();
                struct event_text event;

                if (event_text_make(&event, line, (size_t)len, &options, faults)) {
                        puts("ok");
                        event_text_clear(&event);
                } else {
                        text = json_dumps(faults, JSON_COMPACT);
                        puts(text != NULL ? text : "out of memory");
                        free(text);
                }
                json_decref(faults);
        }
        free(line);
        return 0;
}

#include "kafka/client_private.h"

/* Defects that were read in librdkafka's changelog and issues; `first` and `last` inclusive. */
struct defect {
        int first;
        int last;
        enum client_verdict verdict;
        const char *what;
};

static const struct defect defects[] = {
    {0, 0x020001ff, CLIENT_VERSION_REFUSED, "older than 2.0.2, the oldest version that Pawl was tested with"},
    {0x020100ff, 0x020200ff, CLIENT_VERSION_REFUSED, "offsets without a leader epoch are not committed (#4442)"},
    {0x020a00ff, 0x020a00ff, CLIENT_VERSION_REFUSED, "a loop of reconnects, and a use after free"},
    {0x020000ff, 0x020002ff, CLIENT_VERSION_WARN, "a deleted partition can block closing (#4187, fixed in 2.1.0)"},
    {0x020400ff, 0x020800ff, CLIENT_VERSION_WARN,
     "a use after free when a topic is deleted and created anew (fixed in 2.10.0)"},
    {0, 0x020e01ff, CLIENT_VERSION_WARN, "closing while the group's coordinator is away can crash (fixed in 2.14.2)"},
};

enum client_verdict client_judge_version(int version, struct pawl_error *text)
{
        enum client_verdict verdict = CLIENT_VERSION_GOOD;
        struct pawl_error before;

        error_set(text, "%s", "");
        for (size_t i = 0; i < sizeof defects / sizeof *defects; i++) {
                if (version < defects[i].first || version > defects[i].last || defects[i].verdict < verdict)
                        continue;
                if (defects[i].verdict > verdict || text->text[0] == '\0') {
                        error_set(text, "librdkafka %d.%d.%d: %s", version >> 24 & 0xff, version >> 16 & 0xff,
                                  version >> 8 & 0xff, defects[i].what);
                } else {
                        before = *text;
                        error_set(text, "%.700s; %s", before.text, defects[i].what);
                }
                verdict = defects[i].verdict;
        }
        return verdict;
}

int client_version(void)
{
        return rd_kafka_version();
}

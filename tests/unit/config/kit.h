/* What the tests of the config room share: a bundle made of texts, parsed, with the errors as one text. */
#ifndef PAWL_TESTS_UNIT_CONFIG_KIT_H
#define PAWL_TESTS_UNIT_CONFIG_KIT_H

#include "config/config.h"
#include "config/room.h"

/* Begins with an empty main file "etc/pawl.conf" unless one is added; the working directory is /cwd. */
void kit_main(const char *text);
void kit_plugin(const char *name, const char *text); /* etc/plugins.d/NAME.conf */
void kit_topics(const char *text);
void kit_variable(const char *name, const char *value);
void kit_secret(const char *path, const char *value);

/* Parses what was added. `kit_errors()` is what would be printed, "" for nothing. All is freed by kit_clear. */
struct config *kit_parse(void);
struct config *kit_parse_for_check(void);
const char *kit_errors(void);
const struct config_bundle *kit_bundle(void);
void kit_clear(void);

/* The bundle must be refused, and the errors hold this text. */
void kit_refused(const char *text);

/* Fails the test unless the errors hold this text. */
void kit_says(const char *text);

#endif

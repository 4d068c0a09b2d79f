/*
 * The domains' plugins, each as its sample configuration sets it up, on the test host: for tests that concern all of them.
 */
#ifndef PAWL_TEST_DOMAINS_H
#define PAWL_TEST_DOMAINS_H

#include "testhost.h"

#define DOMAINS 6

extern const char *const domains[DOMAINS];

/* Starts the plugin with a state directory of its own and the settings of plugins/NAME/NAME.conf; no peer outside this machine is named.
 * Ends the test where that cannot be done. */
struct testhost *domain_open(const char *name);

#endif

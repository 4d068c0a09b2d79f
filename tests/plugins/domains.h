/*
 * The domains' plugins, each as its sample configuration sets it up, on the test host: for tests that concern all of them. One thread, the
 * test's. What cannot be set up ends the test with the reason.
 */
#ifndef PAWL_TEST_DOMAINS_H
#define PAWL_TEST_DOMAINS_H

#include "testhost.h"

/*
 * Starts the plugin with a state directory of its own and the settings of plugins/NAME/NAME.conf, `more` behind them (NULL: none). Each URL in them
 * leads to a port of this machine at which nobody listens. `http_port` (may be NULL) gets the port of the socket "http".
 */
struct testhost *domain_open(const char *name, const char *more, uint16_t *http_port);

#endif

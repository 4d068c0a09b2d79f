/*
 * The domains' plugins, each as its sample configuration sets it up, on the test host: for tests that concern all of them. One thread, the
 * test's. What cannot be set up ends the test with the reason.
 */
#ifndef PAWL_TEST_DOMAINS_H
#define PAWL_TEST_DOMAINS_H

#include "testhost.h"

/* Where the plugin finds the world outside. A port of this machine as text; NULL: at 9, where nobody listens. */
struct domain_peers {
        const char *smtp_port;
        const char *http_port; /* of Telegram's Bot API and the SMS gateway */
        const char *tokens;    /* the gateway's file; NULL: the sample, which has none */
};

/* Starts the plugin with a state directory of its own and the settings of plugins/NAME/NAME.conf. `peers` and `http_port` may be NULL; *http_port gets the
 * port of the socket "http". */
struct testhost *domain_open(const char *name, const struct domain_peers *peers, uint16_t *http_port);

#endif

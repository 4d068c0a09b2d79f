/*
 * What people ask of the log: `pawlctl audit verify|search|export`. They read every chain of the state directory, each by a connection
 * of its own, whatever instance is asked. `checkpoint` is of the asked instance's own chain.
 */
#ifndef AUDIT_COMMANDS_H
#define AUDIT_COMMANDS_H

#include <pawl/plugin.h>

pawl_command_fn audit_verify;
pawl_command_fn audit_search;
pawl_command_fn audit_export;
pawl_command_fn audit_checkpoint;

#endif

/*
 * `pawlctl hr …`: looks at documents, and notes what people did with them. Each call has a connection of its own.
 */
#ifndef HR_COMMANDS_H
#define HR_COMMANDS_H

#include <pawl/plugin.h>

pawl_command_fn hr_show;
pawl_command_fn hr_sign;
pawl_command_fn hr_pay;
pawl_command_fn hr_verify;

#endif

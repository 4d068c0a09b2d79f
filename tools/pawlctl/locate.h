/*
 * Finds the daemon's socket in a main configuration file that may be broken: `pawlctl reload` must reach the daemon above all
 * when the file is wrong, so that the daemon says so. Pure.
 */
#ifndef PAWL_TOOLS_LOCATE_H
#define PAWL_TOOLS_LOCATE_H

/* The string that the setting of this name has in a libconfig text (comments skipped, the last one of that name); malloc'ed; NULL: none. */
char *locate_setting(const char *text, const char *name);

#endif

/*
 * What a person may have meant: of some known words the one that is nearest to what he wrote. Any thread.
 */
#ifndef PLUGINS_COMMON_NEAREST_H
#define PLUGINS_COMMON_NEAREST_H

/*
 * The nearer one of `best` (NULL: none so far) and `name` to `wanted`, by letters to be changed, put in or left out; NULL where neither is
 * near. Called with each known word in turn.
 */
const char *nearest(const char *wanted, const char *best, const char *name);

#endif

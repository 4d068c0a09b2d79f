/*
 * How the engine's tables grow: by doubling, what is new is zero. (base/memory.h's law holds: allocation does not fail.)
 */
#ifndef PAWL_ENGINE_LIST_H
#define PAWL_ENGINE_LIST_H

#include <stddef.h>

/* `items` with room for at least `needed` elements of `size` bytes; *capacity is raised. */
void *list_grow(void *items, size_t *capacity, size_t needed, size_t size);

/* A growing list: declare with LIST(type), zeroed; append with list_add(&list, value). */
#define LIST(type)                                                                                                     \
        struct {                                                                                                       \
                type *items;                                                                                           \
                size_t count, capacity;                                                                                \
        }

#define list_add(list, ...)                                                                                            \
        do {                                                                                                           \
                if ((list)->count == (list)->capacity)                                                                 \
                        (list)->items =                                                                                \
                            list_grow((list)->items, &(list)->capacity, (list)->count + 1, sizeof *(list)->items);     \
                (list)->items[(list)->count++] = (__VA_ARGS__);                                                        \
        } while (0)

#endif

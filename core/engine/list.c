#include "engine/list.h"

#include "base/memory.h"

#include <string.h>

void *list_grow(void *items, size_t *capacity, size_t needed, size_t size)
{
        size_t wanted = *capacity > 0 ? *capacity : 16;

        if (needed <= *capacity)
                return items;
        while (wanted < needed)
                wanted *= 2;
        items = memory_resize(items, wanted, size);
        memset((char *)items + *capacity * size, 0, (wanted - *capacity) * size);
        *capacity = wanted;
        return items;
}

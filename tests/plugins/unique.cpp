// A plugin that cannot be loaded twice soundly: an inline static variable is one (GNU-unique) for all builds in a process.
#include <pawl/plugin.h>

template <typename T> struct Shared {
        static inline int count = 0;
};

static pawl_result on_any(pawl_ctx *, const pawl_event *, void *)
{
        Shared<int>::count++;
        return PAWL_OK;
}

__attribute__((visibility("default"))) int *unique_count();

int *unique_count()
{
        return &Shared<int>::count;
}

static const pawl_handler handlers[] = {PAWL_ON("*", on_any)};

PAWL_PLUGIN_BARE("unique", "1.0.0", handlers);

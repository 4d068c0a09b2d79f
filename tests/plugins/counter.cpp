// A plugin in C++17: counts events by type, answers a command, reacts to a tick. No exception leaves it.
#include <map>
#include <mutex>
#include <pawl/plugin.h>
#include <string>

namespace
{

constexpr uint32_t EVENTS = 0; // places in the table of metrics
constexpr uint32_t TYPES = 1;

class Counter
{
      public:
        explicit Counter(pawl_instance *owner) : instance(owner), limit(pawl_setting_int(owner, "limit"))
        {
        }

        bool count(const std::string &type)
        {
                std::lock_guard<std::mutex> guard(lock);

                if (static_cast<int64_t>(types.size()) >= limit && types.find(type) == types.end())
                        return false;
                types[type]++;
                pawl_metric_add(instance, EVENTS, 1);
                pawl_metric_set(instance, TYPES, static_cast<int64_t>(types.size()));
                return true;
        }

        std::string table()
        {
                std::lock_guard<std::mutex> guard(lock);
                std::string text;

                for (const auto &[type, n] : types)
                        text += type + " " + std::to_string(n) + "\n";
                return text;
        }

        void report()
        {
                std::lock_guard<std::mutex> guard(lock);

                pawl_health(instance, PAWL_HEALTH_OK, "%zu types seen", types.size());
        }

      private:
        pawl_instance *instance;
        int64_t limit;
        std::mutex lock;
        std::map<std::string, uint64_t> types;
};

pawl_result on_any(pawl_ctx *ctx, const pawl_event *ev, void *self)
{
        const pawl_str type = pawl_event_type(ev);

        try {
                if (static_cast<Counter *>(self)->count(std::string(type.ptr, type.len)))
                        return PAWL_OK;
        } catch (const std::exception &e) {
                return pawl_retry(ctx, "%s", e.what());
        }
        return pawl_reject(ctx, "too many types, this is one more: %s", type.ptr);
}

int32_t show(pawl_ctx *ctx, const pawl_str *, uint32_t argc, void *self)
{
        if (argc != 0)
                return 2;
        try {
                const std::string text = static_cast<Counter *>(self)->table();

                return pawl_reply(ctx, pawl_bytes(text.data(), text.size())) ? 0 : 1;
        } catch (const std::exception &) {
                return 1;
        }
}

bool create(pawl_instance *instance, void **self)
{
        try {
                *self = new Counter(instance);
                return true;
        } catch (const std::exception &e) {
                return pawl_fail(instance, "%s", e.what());
        }
}

void tick(pawl_ctx *, void *self)
{
        static_cast<Counter *>(self)->report();
}

void destroy(void *self)
{
        delete static_cast<Counter *>(self);
}

const pawl_setting settings[] = {PAWL_SETTING_INT("limit", "100", "1..10000", "how many types to count at most")};
const pawl_handler handlers[] = {PAWL_ON("*", on_any)};
const pawl_metric metrics[] = {PAWL_METRIC(PAWL_COUNTER, "counted", "", "events counted"),
                               PAWL_METRIC(PAWL_GAUGE, "types", "", "types seen")};
const pawl_command commands[] = {PAWL_COMMAND("show", "", "shows how many events of each type came", show)};

const pawl_plugin counter = {PAWL_DESCRIPTOR("counter", "1.0.0"),
                             PAWL_ARRAY(handlers),
                             PAWL_ARRAY(settings),
                             PAWL_ARRAY(metrics),
                             PAWL_ARRAY(commands),
                             PAWL_NONE,
                             create,
                             nullptr,
                             tick,
                             nullptr,
                             nullptr,
                             destroy,
                             PAWL_S(1),
                             PAWL_SWAP_BESIDE,
                             0};

} // namespace

PAWL_EXPORT(counter);

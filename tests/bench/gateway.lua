-- One kind of request for wrk, as the environment says; the result is one line of JSON.
--   BENCH_METHOD, BENCH_PATH (%d: the next id, from BENCH_FIRST on), BENCH_TYPE, BENCH_BODY (a file), BENCH_TOKEN,
--   BENCH_DELAY (milliseconds between an answer and the next request, on average). One thread of wrk.
local env = os.getenv

function init(_)
  method, path, delay_ms = env("BENCH_METHOD"), env("BENCH_PATH"), tonumber(env("BENCH_DELAY") or "0")
  next_id = tonumber(env("BENCH_FIRST") or "0")
  headers = { ["Authorization"] = "Bearer " .. env("BENCH_TOKEN") }
  if env("BENCH_BODY") then
    local file = assert(io.open(env("BENCH_BODY"), "rb"))
    body = file:read("*a")
    file:close()
    headers["Content-Type"] = env("BENCH_TYPE")
  end
  has_id = path:find("%%d") ~= nil
  whole = not has_id and wrk.format(method, path, headers, body)
  math.randomseed(1)
  if delay_ms == 0 then delay = nil end
end

-- From half to one and a half times the delay, so that connections do not march in step.
function delay()
  return math.floor(delay_ms * (0.5 + math.random()) + 0.5)
end

function request()
  if whole then return whole end
  local id = next_id
  next_id = next_id + 1
  return wrk.format(method, path:format(id), headers, body)
end

function done(summary, latency, _)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('\n{"requests":%d,"seconds":%.3f,"bad":%d,"p50":%.3f,"p99":%.3f,"max":%.3f}\n', summary.requests,
    summary.duration / 1e6, bad, latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end

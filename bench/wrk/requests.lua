-- Sends requests drawn at random from a prepared list, and reports in one line.
--
-- BENCH_METHOD   the method
-- BENCH_TARGETS  a file with one request target a line
-- BENCH_BODY     the body, or nothing
-- BENCH_TOKEN    the bearer token, or nothing

local prepared = {}

function init()
  local headers = {}
  local token = os.getenv("BENCH_TOKEN")
  if token and token ~= "" then
    headers["Authorization"] = "Bearer " .. token
  end
  local body = os.getenv("BENCH_BODY")
  if body and body ~= "" then
    headers["Content-Type"] = "application/json"
  else
    body = nil
  end
  for target in io.lines(os.getenv("BENCH_TARGETS")) do
    prepared[#prepared + 1] = wrk.format(os.getenv("BENCH_METHOD"), target, headers, body)
  end
  math.randomseed(1)
end

function request()
  return prepared[math.random(#prepared)]
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failed))
end

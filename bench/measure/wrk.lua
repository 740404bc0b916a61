-- Calls with one token after the other, and one line of JSON in the end.
local requests, at = {}, 0

function init(arguments)
  for token in io.lines(arguments[1]) do
    local headers = {}
    for line in io.lines(arguments[2]) do
      local name, value = line:match("^([^:]+): (.*)$")
      headers[name] = value
    end
    if token ~= "-" then headers["authorization"] = "Bearer " .. token end
    requests[#requests + 1] = wrk.format("GET", nil, headers)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nresult {"calls":%d,"seconds":%.6f,"p50":%.1f,"p99":%.1f,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

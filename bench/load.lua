-- What wrk sends and counts: wrk -s load.lua URL -- FILE
--
-- FILE has a request a line: how many paragraphs it holds, a space, and its body. They are sent in
-- turn. A request's id tells when it was sent and how many paragraphs it holds, and comes back with
-- its answer. Prints one JSON object: "seconds", "errors" of the sockets, and "answers": how many by
-- "STATUS PARAGRAPHS TIME", the time in hundredths of a millisecond.

local ffi = require("ffi")
ffi.cdef [[
  struct moment { long seconds; long nanoseconds; };
  int clock_gettime(int clock, struct moment *now);
]]
local MONOTONIC = 1
local moment = ffi.new("struct moment")
local threads = {}
local requests = {}
local last = 0
answers = {}

local function now()
  ffi.C.clock_gettime(MONOTONIC, moment)
  return tonumber(moment.seconds) * 1e5 + tonumber(moment.nanoseconds) / 1e4
end

function setup(thread)
  threads[#threads + 1] = thread
end

function init(arguments)
  for line in io.lines(arguments[1]) do
    local paragraphs, body = line:match("^(%d+) (.*)$")
    requests[#requests + 1] = {paragraphs = paragraphs, body = body}
  end
end

function request()
  last = last % #requests + 1
  local chosen = requests[last]
  local id = string.format("%d-%s", now(), chosen.paragraphs)
  local headers = {["Content-Type"] = "application/json", ["X-Request-ID"] = id}
  return wrk.format("POST", nil, headers, chosen.body)
end

function response(status, headers)
  local sent, paragraphs = headers["X-Request-ID"]:match("^(%d+)-(%d+)$")
  local kind = string.format("%d %s %d", status, paragraphs, now() - tonumber(sent))
  answers[kind] = (answers[kind] or 0) + 1
end

function done(summary)
  local errors = summary.errors
  local counts = {}
  for _, thread in ipairs(threads) do
    for kind, count in pairs(thread:get("answers")) do
      counts[#counts + 1] = string.format('"%s": %d', kind, count)
    end
  end
  print(string.format(
    '{"seconds": %f, "errors": %d, "answers": {%s}}',
    summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.timeout,
    table.concat(counts, ", ")
  ))
end

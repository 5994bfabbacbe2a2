-- wrk script: POSTs BATCH lines of the file CORPUS at a time, around and
-- around, and prints one line of JSON at the end.
local lines = tonumber(os.getenv("BATCH"))
local requests, turn = {}, 0

function init()
   local bodies, body = {}, {}
   for line in io.lines(os.getenv("CORPUS")) do
      body[#body + 1] = line
      if #body == lines then
         bodies[#bodies + 1] = table.concat(body, "\n") .. "\n"
         body = {}
      end
   end
   local headers = { ["Content-Type"] = "application/x-ndjson" }
   for i, text in ipairs(bodies) do
      requests[i] = wrk.format("POST", nil, headers, text)
   end
end

function request()
   turn = turn % #requests + 1
   return requests[turn]
end

function done(summary, latency)
   local e = summary.errors
   io.write(string.format(
      '\n{"requests":%d,"usec":%d,"p50":%d,"p99":%d,"errors":%d}\n',
      summary.requests, summary.duration, latency:percentile(50),
      latency:percentile(99),
      e.connect + e.read + e.write + e.status + e.timeout))
end

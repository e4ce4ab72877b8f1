-- test/bench/picture_form.lua: what wrk asks nachet-http, and what it says of it: answers, seconds, the microseconds below
-- which half and 99 of 100 answers came, and how many requests failed.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"email": "bench@example.org"}'

function done(summary, latency, requests)
	local errors = summary.errors
	local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
	io.write(string.format("result %d %.6f %d %d %d\n", summary.requests, summary.duration / 1e6,
		latency:percentile(50), latency:percentile(99), failed))
end

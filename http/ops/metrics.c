/*
 * http/ops/metrics.c
 *		What the service has done since it was started, counted for its operators.
 *
 * All of it are relaxed atomics in places that are fixed from the start: counting waits for
 * nothing, and no client can make a label of its own. A scrape reads them one by one, so that it
 * may see a request in one metric and not yet in another; within a histogram the count is made of
 * the buckets and always agrees.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "loader/client/text.h"
#include "http/ops/metrics.h"
#include "http/request/router.h"

#define STATUSES 600

static const char *const methods[] = {"GET", "HEAD", "POST", "OPTIONS", "other"};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

typedef struct Bucket
{
	const char *bound; /* seconds, as the label has them */
	uint64_t microseconds;
} Bucket;

/* From an answer out of memory to hours of uploading. */
static const Bucket bounds[] = {
    {"0.001", 1000},    {"0.0025", 2500},    {"0.005", 5000},  {"0.01", 10000},  {"0.025", 25000},
    {"0.05", 50000},    {"0.1", 100000},     {"0.25", 250000}, {"0.5", 500000},  {"1", 1000000},
    {"2.5", 2500000},   {"5", 5000000},      {"10", 10000000}, {"30", 30000000}, {"60", 60000000},
    {"300", 300000000}, {"1800", 1800000000}};

#define BUCKETS (sizeof(bounds) / sizeof(bounds[0]))

typedef struct Histogram
{
	atomic_uint_least64_t bucket[BUCKETS + 1]; /* each its own; the last is beyond all bounds */
	atomic_uint_least64_t microseconds;
} Histogram;

static atomic_uint_least64_t counters[NACHET_COUNTERS];
static atomic_uint_least64_t requests[NACHET_ROUTES_MAX][METHODS][STATUSES];
static Histogram durations[NACHET_ROUTES_MAX];

static void
add(atomic_uint_least64_t *counter, uint64_t amount)
{
	atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

static uint64_t
read_one(const atomic_uint_least64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void
nachet_metrics_add(NachetCounter counter, uint64_t amount)
{
	add(&counters[counter], amount);
}

void
nachet_metrics_request(size_t route, const char *method, unsigned status, uint64_t microseconds)
{
	size_t known = 0;
	size_t bucket = 0;

	while (known < METHODS - 1 && strcmp(method, methods[known]) != 0)
		known++;
	while (bucket < BUCKETS && microseconds > bounds[bucket].microseconds)
		bucket++;
	add(&requests[route][known][status < STATUSES ? status : 0], 1);
	add(&durations[route].bucket[bucket], 1);
	add(&durations[route].microseconds, microseconds);
}

void
nachet_metrics_head(NachetText *text, const char *name, const char *type, const char *help)
{
	nachet_text_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
write_requests(NachetText *text)
{
	static const char name[] = "nachet_http_requests_total";

	nachet_metrics_head(
	    text, name, "counter",
	    "Requests that have ended, by what was answered; status 0: they were broken "
	    "off before that.");
	for (size_t route = 0; route < NACHET_ROUTES_MAX; route++)
	{
		for (size_t method = 0; method < METHODS; method++)
		{
			for (size_t status = 0; status < STATUSES; status++)
			{
				uint64_t count = read_one(&requests[route][method][status]);

				if (count > 0)
					nachet_text_format(
					    text, "%s{route=\"%s\",method=\"%s\",status=\"%zu\"} %" PRIu64 "\n", name,
					    nachet_router_name(route), methods[method], status, count);
			}
		}
	}
}

static void
write_histogram(NachetText *text, const char *name, const char *route, const Histogram *histogram)
{
	uint64_t count = 0;
	uint64_t microseconds = read_one(&histogram->microseconds);

	for (size_t i = 0; i <= BUCKETS; i++)
	{
		count += read_one(&histogram->bucket[i]);
		nachet_text_format(text, "%s_bucket{route=\"%s\",le=\"%s\"} %" PRIu64 "\n", name, route,
		                   i < BUCKETS ? bounds[i].bound : "+Inf", count);
	}
	nachet_text_format(text, "%s_sum{route=\"%s\"} %" PRIu64 ".%06d\n", name, route,
	                   microseconds / 1000000, (int) (microseconds % 1000000));
	nachet_text_format(text, "%s_count{route=\"%s\"} %" PRIu64 "\n", name, route, count);
}

static void
write_durations(NachetText *text)
{
	static const char name[] = "nachet_http_request_duration_seconds";

	nachet_metrics_head(text, name, "histogram",
	                    "Seconds from a request's headers to the end of its answer.");
	for (size_t route = 0; route <= nachet_router_index(NULL); route++)
		write_histogram(text, name, nachet_router_name(route), &durations[route]);
}

static void
write_counters(NachetText *text)
{
	static const struct
	{
		NachetCounter counter;
		const char *name;
		const char *label;
		const char *help; /* NULL: the metric before it goes on */
	} rows[] = {
	    {NACHET_COUNT_RECEIVED_BYTES, "nachet_http_received_bytes_total", "",
	     "Bytes of requests' bodies."},
	    {NACHET_COUNT_SENT_BYTES, "nachet_http_sent_bytes_total", "", "Bytes of answers' bodies."},
	    {NACHET_COUNT_NEW_PICTURES, "nachet_http_pictures_total", "{result=\"stored\"}",
	     "Pictures received whole: their bytes were stored, or were there already."},
	    {NACHET_COUNT_KNOWN_PICTURES, "nachet_http_pictures_total", "{result=\"present\"}", NULL},
	    {NACHET_COUNT_NEW_BYTES, "nachet_http_stored_bytes_total", "",
	     "Bytes of pictures that were stored and not there before."},
	    {NACHET_COUNT_SETS_CREATED, "nachet_http_picture_sets_total", "{result=\"created\"}",
	     "Picture sets that were asked for: made, or there already."},
	    {NACHET_COUNT_SETS_PRESENT, "nachet_http_picture_sets_total", "{result=\"present\"}", NULL},
	    {NACHET_COUNT_REFUSED_CONNECTIONS, "nachet_http_refused_requests_total", "",
	     "Requests told 503 because there were too many clients."},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		if (rows[i].help != NULL)
			nachet_metrics_head(text, rows[i].name, "counter", rows[i].help);
		nachet_text_format(text, "%s%s %" PRIu64 "\n", rows[i].name, rows[i].label,
		                   read_one(&counters[rows[i].counter]));
	}
}

void
nachet_metrics_write(NachetText *text)
{
	write_requests(text);
	write_durations(text);
	write_counters(text);
}

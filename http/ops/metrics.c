/*
 * http/ops/metrics.c
 *		Figures for the service's operators: counters since its start, and gauges of this moment.
 *
 * Counters are relaxed atomics in places that are fixed from the start: counting waits for nothing,
 * and no client can make a label of its own. A scrape reads them one by one, so that it may see a
 * request in one metric and not yet in another; within a histogram the count is made of the buckets
 * and always agrees.
 *
 * Gauges are read where they are kept, when they are asked for. The names of process_* are those
 * that Prometheus' own libraries use; what the system does not tell is left out.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <libpq-fe.h>
#include <microhttpd.h>

#include "loader/client/text.h"
#include "http/body/spool.h"
#include "http/database/pool.h"
#include "http/ops/log.h"
#include "http/ops/metrics.h"
#include "http/ops/tls.h"
#include "http/request/router.h"
#include "http/shared.h"

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

/* The head of a metric, whose lines must follow it. */
static void
write_head(NachetText *text, const char *name, const char *type, const char *help)
{
	nachet_text_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
write_requests(NachetText *text)
{
	static const char name[] = "nachet_http_requests_total";

	write_head(text, name, "counter",
	           "Ended requests by status; status 0: the connection was lost before the response.");
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

	write_head(text, name, "histogram",
	           "Seconds from the headers of a request to the end of its response.");
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
	     "Bytes of request bodies."},
	    {NACHET_COUNT_SENT_BYTES, "nachet_http_sent_bytes_total", "", "Bytes of response bodies."},
	    {NACHET_COUNT_NEW_PICTURES, "nachet_http_pictures_total", "{result=\"stored\"}",
	     "Pictures received completely, stored now or present before."},
	    {NACHET_COUNT_KNOWN_PICTURES, "nachet_http_pictures_total", "{result=\"present\"}", NULL},
	    {NACHET_COUNT_NEW_BYTES, "nachet_http_stored_bytes_total", "",
	     "Bytes of pictures that were not stored before."},
	    {NACHET_COUNT_SETS_CREATED, "nachet_http_picture_sets_total", "{result=\"created\"}",
	     "Picture sets requested: created, or present before."},
	    {NACHET_COUNT_SETS_PRESENT, "nachet_http_picture_sets_total", "{result=\"present\"}", NULL},
	    {NACHET_COUNT_REFUSED_CONNECTIONS, "nachet_http_refused_requests_total", "",
	     "Requests answered with 503 because of too many clients."},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		if (rows[i].help != NULL)
			write_head(text, rows[i].name, "counter", rows[i].help);
		nachet_text_format(text, "%s%s %" PRIu64 "\n", rows[i].name, rows[i].label,
		                   read_one(&counters[rows[i].counter]));
	}
}

/* --- gauges ----------------------------------------------------------------------------------- */

static void
write_value(NachetText *text, const char *name, const char *type, uint64_t value, const char *help)
{
	write_head(text, name, type, help);
	nachet_text_format(text, "%s %" PRIu64 "\n", name, value);
}

static void
write_gauge(NachetText *text, const char *name, uint64_t value, const char *help)
{
	write_value(text, name, "gauge", value, help);
}

static void
write_server(NachetText *text, const NachetServer *server)
{
	int libpq = PQlibVersion();

	write_head(text, "nachet_http_build_info", "gauge", "1, labelled with the versions in use.");
	nachet_text_format(
	    text, "nachet_http_build_info{version=\"%s\",libmicrohttpd=\"%s\",libpq=\"%d.%d\"} 1\n",
	    NACHET_VERSION, MHD_get_version(), libpq / 10000, libpq % 10000);
	write_gauge(text, "nachet_http_connections", atomic_load(&server->connections),
	            "Connected clients.");
	write_gauge(text, "nachet_http_connections_limit", server->max_connections,
	            "Maximum number of connected clients.");
	write_gauge(text, "nachet_http_requests_in_progress", atomic_load(&server->requests),
	            "Running requests.");
	if (nachet_tls_expiry() > 0)
		write_gauge(text, "nachet_http_certificate_expiry_timestamp_seconds",
		            (uint64_t) nachet_tls_expiry(),
		            "Expiry time of the certificate, in seconds since 1970.");
	write_value(text, "nachet_http_log_lost_lines_total", "counter", nachet_log_lost(),
	            "Log lines that were lost because standard error was not read.");
	write_gauge(text, "nachet_http_stopping", atomic_load(&server->draining) ? 1 : 0,
	            "1 after the service was asked to stop.");
}

static void
write_pool(NachetText *text, NachetPool *pool)
{
	static const char name[] = "nachet_http_pool_connections";
	NachetPoolState state;

	nachet_pool_state(pool, &state);
	write_head(text, name, "gauge", "Connections to the database.");
	nachet_text_format(text, "%s{state=\"in_use\"} %zu\n%s{state=\"idle\"} %zu\n", name, state.lent,
	                   name, state.idle);
	write_gauge(text, "nachet_http_pool_size", state.size,
	            "Maximum number of connections to the database.");
	write_gauge(text, "nachet_http_pool_waiting", state.waiting,
	            "Threads that wait for a connection.");
	write_value(text, "nachet_http_pool_waits_total", "counter", state.waits,
	            "Times that a thread waited because all connections were in use.");
	write_value(text, "nachet_http_pool_timeouts_total", "counter", state.timeouts,
	            "Times that no connection became free within --pool-wait.");
	write_value(text, "nachet_http_pool_connects_total", "counter", state.made,
	            "Connections that were opened.");
}

static void
write_spool(NachetText *text, NachetSpool *spool)
{
	static const char name[] = "nachet_http_spool_bytes";
	static const char limit[] = "nachet_http_spool_limit_bytes";
	NachetSpoolState state;

	nachet_spool_state(spool, &state);
	write_head(text, name, "gauge", "Bytes of pictures that wait to be complete or sent.");
	nachet_text_format(text, "%s{place=\"memory\"} %" PRIu64 "\n%s{place=\"disk\"} %" PRIu64 "\n",
	                   name, state.memory, name, state.files);
	write_head(text, limit, "gauge", "Maximum of these bytes.");
	nachet_text_format(text, "%s{place=\"memory\"} %" PRIu64 "\n%s{place=\"disk\"} %" PRIu64 "\n",
	                   limit, state.memory_limit, limit, state.files_limit);
}

/* --- the process ------------------------------------------------------------------------------ */

/* Descriptors that are open, without the one that counts them; -1 if that can't be told. */
static int
count_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = -1;

	if (folder == NULL)
		return -1;
	for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

static void
write_memory(NachetText *text)
{
	FILE *file = fopen("/proc/self/statm", "re");
	uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE);
	uint64_t all;
	uint64_t resident;

	if (file == NULL)
		return;
	if (fscanf(file, "%" SCNu64 " %" SCNu64, &all, &resident) == 2)
	{
		write_gauge(text, "process_virtual_memory_bytes", all * page, "Virtual memory.");
		write_gauge(text, "process_resident_memory_bytes", resident * page, "Resident memory.");
	}
	fclose(file);
}

static void
write_seconds(NachetText *text, const char *name, const char *type, double seconds,
              const char *help)
{
	write_head(text, name, type, help);
	nachet_text_format(text, "%s %.3f\n", name, seconds);
}

static void
write_process(NachetText *text, const NachetServer *server)
{
	struct rusage usage;
	struct rlimit limit;
	int files = count_files();

	if (getrusage(RUSAGE_SELF, &usage) == 0)
		write_seconds(text, "process_cpu_seconds_total", "counter",
		              (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		                  (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
		              "User and system processor time.");
	write_seconds(text, "process_start_time_seconds", "gauge",
	              (double) server->started.tv_sec + (double) server->started.tv_nsec / 1e9,
	              "Start time of the process, in seconds since 1970.");
	write_memory(text);
	if (files >= 0)
		write_gauge(text, "process_open_fds", (uint64_t) files, "Open descriptors.");
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		write_gauge(text, "process_max_fds", limit.rlim_cur, "Maximum number of open descriptors.");
}

void
nachet_metrics_write(NachetText *text, const NachetServer *server)
{
	write_requests(text);
	write_durations(text);
	write_counters(text);
	write_server(text, server);
	write_pool(text, server->pool);
	write_spool(text, server->spool);
	write_process(text, server);
}

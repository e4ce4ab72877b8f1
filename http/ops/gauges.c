/*
 * http/ops/gauges.c
 *		How things stand at this moment, for the service's operators.
 *
 * Each is read where it is kept, when it is asked for. The names of process_* are those that
 * Prometheus' own libraries use; what the system does not tell is left out.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <libpq-fe.h>
#include <microhttpd.h>

#include "loader/client/text.h"
#include "http/body/spool.h"
#include "http/database/pool.h"
#include "http/ops/gauges.h"
#include "http/ops/log.h"
#include "http/ops/metrics.h"
#include "http/ops/tls.h"
#include "http/shared.h"

static void
write_value(NachetText *text, const char *name, const char *type, uint64_t value, const char *help)
{
	nachet_metrics_head(text, name, type, help);
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

	nachet_metrics_head(text, "nachet_http_build_info", "gauge", "1, labelled with what runs.");
	nachet_text_format(
	    text, "nachet_http_build_info{version=\"%s\",libmicrohttpd=\"%s\",libpq=\"%d.%d\"} 1\n",
	    NACHET_VERSION, MHD_get_version(), libpq / 10000, libpq % 10000);
	write_gauge(text, "nachet_http_connections", atomic_load(&server->connections),
	            "Clients that are connected.");
	write_gauge(text, "nachet_http_connections_limit", server->max_connections,
	            "Clients that may be connected at a time.");
	write_gauge(text, "nachet_http_requests_in_progress", atomic_load(&server->requests),
	            "Requests under way.");
	if (nachet_tls_expiry() > 0)
		write_gauge(text, "nachet_http_certificate_expiry_timestamp_seconds",
		            (uint64_t) nachet_tls_expiry(), "When the certificate expires.");
	write_value(text, "nachet_http_log_lost_lines_total", "counter", nachet_log_lost(),
	            "Lines of the log that were lost because nobody read it.");
	write_gauge(text, "nachet_http_stopping", atomic_load(&server->draining) ? 1 : 0,
	            "1 once the service was told to stop.");
}

static void
write_pool(NachetText *text, NachetPool *pool)
{
	static const char name[] = "nachet_http_pool_connections";
	NachetPoolState state;

	nachet_pool_state(pool, &state);
	nachet_metrics_head(text, name, "gauge", "Connections to the database.");
	nachet_text_format(text, "%s{state=\"in_use\"} %zu\n%s{state=\"idle\"} %zu\n", name, state.lent,
	                   name, state.idle);
	write_gauge(text, "nachet_http_pool_size", state.size,
	            "Connections that there may be to the database.");
	write_gauge(text, "nachet_http_pool_waiting", state.waiting,
	            "Threads that wait for a connection.");
	write_value(text, "nachet_http_pool_waits_total", "counter", state.waits,
	            "Times that all connections were in use and one was waited for.");
	write_value(text, "nachet_http_pool_timeouts_total", "counter", state.timeouts,
	            "Times that none came back within the pool's wait.");
	write_value(text, "nachet_http_pool_connects_total", "counter", state.made,
	            "Connections that were begun.");
}

static void
write_spool(NachetText *text, NachetSpool *spool)
{
	static const char name[] = "nachet_http_spool_bytes";
	static const char limit[] = "nachet_http_spool_limit_bytes";
	NachetSpoolState state;

	nachet_spool_state(spool, &state);
	nachet_metrics_head(text, name, "gauge", "What pictures take that wait to be whole or sent.");
	nachet_text_format(text, "%s{place=\"memory\"} %" PRIu64 "\n%s{place=\"disk\"} %" PRIu64 "\n",
	                   name, state.memory, name, state.files);
	nachet_metrics_head(text, limit, "gauge", "What they may take.");
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
	nachet_metrics_head(text, name, type, help);
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
		              "Processor time, of user and system.");
	write_seconds(text, "process_start_time_seconds", "gauge",
	              (double) server->started.tv_sec + (double) server->started.tv_nsec / 1e9,
	              "When the process began, in seconds since 1970.");
	write_memory(text);
	if (files >= 0)
		write_gauge(text, "process_open_fds", (uint64_t) files, "Descriptors that are open.");
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		write_gauge(text, "process_max_fds", limit.rlim_cur, "Descriptors that may be open.");
}

void
nachet_gauges_write(NachetText *text, const NachetServer *server)
{
	write_server(text, server);
	write_pool(text, server->pool);
	write_spool(text, server->spool);
	write_process(text, server);
}

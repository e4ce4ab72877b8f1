/*
 * loader/progress.c
 *		How far an import has come: counted by workers, drawn by the monitor.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "progress.h"

uint64_t
nachet_progress_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

void
nachet_progress_begin(NachetProgress *progress, NachetPhase phase, uint64_t files_total,
                      uint64_t bytes_total)
{
	atomic_store(&progress->files, 0);
	atomic_store(&progress->present, 0);
	atomic_store(&progress->bytes, 0);
	atomic_store(&progress->files_total, files_total);
	atomic_store(&progress->bytes_total, bytes_total);
	atomic_store(&progress->started_ns, nachet_progress_now_ns());
	atomic_store(&progress->phase, phase);
}

void
nachet_progress_end(NachetProgress *progress)
{
	atomic_store(&progress->phase, NACHET_PHASE_NONE);
}

void
nachet_progress_add(NachetProgress *progress, uint64_t files, uint64_t bytes)
{
	atomic_fetch_add(&progress->files, files);
	atomic_fetch_add(&progress->bytes, bytes);
}

void
nachet_progress_add_present(NachetProgress *progress, uint64_t files)
{
	atomic_fetch_add(&progress->present, files);
}

const char *
nachet_bytes_text(double bytes, char text[NACHET_BYTES_TEXT])
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
	int unit = -1;

	while (bytes >= 999.95 && unit < 4)
	{
		bytes /= 1000;
		unit++;
	}
	if (unit < 0)
		snprintf(text, NACHET_BYTES_TEXT, "%.0f B", bytes);
	else
		snprintf(text, NACHET_BYTES_TEXT, "%.1f %s", bytes, units[unit]);
	return text;
}

void
nachet_progress_line(NachetProgress *progress, char *line, size_t size)
{
	char done_text[NACHET_BYTES_TEXT];
	char total_text[NACHET_BYTES_TEXT];
	char rate_text[NACHET_BYTES_TEXT];
	uint64_t files = atomic_load(&progress->files);
	uint64_t files_total = atomic_load(&progress->files_total);
	double bytes = (double) atomic_load(&progress->bytes);
	double bytes_total = (double) atomic_load(&progress->bytes_total);
	double seconds = (double) (nachet_progress_now_ns() - atomic_load(&progress->started_ns)) / 1e9;
	double rate = seconds > 0 ? bytes / seconds : 0;
	uint64_t left = rate > 0 && bytes_total > bytes ? (uint64_t) ((bytes_total - bytes) / rate) : 0;

	switch ((NachetPhase) atomic_load(&progress->phase))
	{
		case NACHET_PHASE_CHECK:
			snprintf(line, size, "checking %" PRIu64 " of %" PRIu64 " files", files, files_total);
			break;
		case NACHET_PHASE_SEND:
			snprintf(line, size,
			         "%" PRIu64 " of %" PRIu64 " pictures, %s of %s, %s/s, %" PRIu64 ":%02" PRIu64
			         ":%02" PRIu64 " left",
			         files, files_total, nachet_bytes_text(bytes, done_text),
			         nachet_bytes_text(bytes_total, total_text), nachet_bytes_text(rate, rate_text),
			         left / 3600, left / 60 % 60, left % 60);
			break;
		case NACHET_PHASE_FINISH:
			snprintf(line, size, "making the set of %" PRIu64 " pictures", files_total);
			break;
		case NACHET_PHASE_NONE:
			line[0] = '\0';
			break;
	}
}

/*
 * loader/report/progress.c
 *		How far an import has come: counted by workers, drawn by the monitor.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "loader/client/clock.h"
#include "loader/client/json.h"
#include "loader/report/console.h"
#include "loader/report/progress.h"

/* For how long nothing moves before the line says so. */
#define STILL_SECONDS 5

void
nachet_progress_begin(NachetProgress *progress, NachetPhase phase, uint64_t files_total,
                      uint64_t bytes_total)
{
	atomic_store(&progress->files, 0);
	atomic_store(&progress->present, 0);
	atomic_store(&progress->bytes, 0);
	atomic_store(&progress->files_total, files_total);
	atomic_store(&progress->bytes_total, bytes_total);
	atomic_store(&progress->started_us, nachet_clock_us());
	atomic_store(&progress->moved_us, atomic_load(&progress->started_us));
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
	atomic_store(&progress->moved_us, nachet_clock_us());
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

/* What a line tells, read once. */
typedef struct Snapshot
{
	NachetPhase phase;
	uint64_t files;
	uint64_t files_total;
	uint64_t present;
	uint64_t bytes;
	uint64_t bytes_total;
	double seconds;
	double still;    /* seconds since anything was counted */
	double rate;     /* bytes a second */
	bool left_known; /* whether it can be told */
	uint64_t left;   /* seconds */
} Snapshot;

static double
seconds_since(uint64_t then_us)
{
	uint64_t now_us = nachet_clock_us();

	/* A worker may have counted something after the clock was read. */
	return now_us > then_us ? (double) (now_us - then_us) / 1e6 : 0;
}

static void
take_snapshot(NachetProgress *progress, Snapshot *now)
{
	now->phase = (NachetPhase) atomic_load(&progress->phase);
	now->files = atomic_load(&progress->files);
	now->files_total = atomic_load(&progress->files_total);
	now->present = atomic_load(&progress->present);
	now->bytes = atomic_load(&progress->bytes);
	now->bytes_total = atomic_load(&progress->bytes_total);
	now->seconds = seconds_since(atomic_load(&progress->started_us));
	now->still = seconds_since(atomic_load(&progress->moved_us));
	now->rate = now->seconds > 0 ? (double) now->bytes / now->seconds : 0;
	now->left_known = now->rate >= 1 && now->bytes_total >= now->bytes;
	now->left =
	    now->left_known ? (uint64_t) ((double) (now->bytes_total - now->bytes) / now->rate) : 0;
}

/* "1.5 MB/s, 0:01:30 left", or for how long nothing has moved. */
static void
put_pace(const Snapshot *now, char *text, size_t size)
{
	char rate_text[NACHET_BYTES_TEXT];
	char left_text[64] = "?:??:??";

	if (now->still >= STILL_SECONDS)
	{
		snprintf(text, size, "no progress for %.0f s", now->still);
		return;
	}
	if (now->left_known)
		snprintf(left_text, sizeof(left_text), "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
		         now->left / 3600, now->left / 60 % 60, now->left % 60);
	snprintf(text, size, "%s/s, %s left", nachet_bytes_text(now->rate, rate_text), left_text);
}

void
nachet_progress_line(NachetProgress *progress, char *line, size_t size)
{
	char done_text[NACHET_BYTES_TEXT];
	char total_text[NACHET_BYTES_TEXT];
	char pace[128] = "";
	Snapshot now;

	take_snapshot(progress, &now);
	switch (now.phase)
	{
		case NACHET_PHASE_CHECK:
			snprintf(line, size, "checking %" PRIu64 " of %" PRIu64 " files", now.files,
			         now.files_total);
			break;
		case NACHET_PHASE_SEND:
			put_pace(&now, pace, sizeof(pace));
			snprintf(line, size,
			         "%" PRIu64 " of %" PRIu64 " pictures, %s of %s, %s, %" PRIu64
			         " already stored",
			         now.files, now.files_total, nachet_bytes_text((double) now.bytes, done_text),
			         nachet_bytes_text((double) now.bytes_total, total_text), pace, now.present);
			break;
		case NACHET_PHASE_FINISH:
			if (now.still >= STILL_SECONDS)
				snprintf(pace, sizeof(pace), ", %.0f s so far", now.still);
			snprintf(line, size, "making the set of %" PRIu64 " pictures%s", now.files_total, pace);
			break;
		case NACHET_PHASE_NONE:
			line[0] = '\0';
			break;
	}
}

void
nachet_progress_json(NachetProgress *progress)
{
	static const char *const phases[] = {"none", "check", "send", "finish"};
	NachetText line;
	Snapshot now;

	take_snapshot(progress, &now);
	nachet_console_json_begin(&line, "status");
	nachet_json_text(&line, "phase", phases[now.phase]);
	nachet_json_fraction(&line, "seconds_elapsed", now.seconds);
	if (now.phase == NACHET_PHASE_SEND && now.left_known)
		nachet_json_number(&line, "seconds_remaining", now.left);
	nachet_json_fraction(&line, "seconds_still", now.still);
	nachet_json_number(&line, "total_files", now.files_total);
	nachet_json_number(&line, "files_done", now.files);
	nachet_json_number(&line, "files_present", now.present);
	nachet_json_number(&line, "total_bytes", now.bytes_total);
	nachet_json_number(&line, "bytes_done", now.bytes);
	(void) nachet_console_json_end(
	    &line); /* stays an error of standard output, which the summary meets */
}

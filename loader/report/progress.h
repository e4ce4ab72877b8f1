#ifndef NACHET_LOADER_PROGRESS_H
#define NACHET_LOADER_PROGRESS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef enum NachetPhase
{
	NACHET_PHASE_NONE,
	NACHET_PHASE_CHECK,
	NACHET_PHASE_SEND,
	NACHET_PHASE_FINISH
} NachetPhase;

/* Every member may be read while others write: a line may be a picture late, and no worse. */
typedef struct NachetProgress
{
	atomic_int phase;
	atomic_uint_fast64_t files;
	atomic_uint_fast64_t files_total;
	atomic_uint_fast64_t
	    present; /* of the files: sent by nobody, because they were stored already */
	atomic_uint_fast64_t bytes;
	atomic_uint_fast64_t bytes_total;
	atomic_uint_fast64_t started_us; /* monotonic */
	atomic_uint_fast64_t moved_us;   /* likewise, when something was last counted */
} NachetProgress;

extern void nachet_progress_begin(NachetProgress *progress, NachetPhase phase, uint64_t files_total,
                                  uint64_t bytes_total);
extern void nachet_progress_end(NachetProgress *progress);
extern void nachet_progress_add(NachetProgress *progress, uint64_t files, uint64_t bytes);

extern void nachet_progress_add_present(NachetProgress *progress, uint64_t files);

/* One line without a newline: pictures, bytes, rate, time left. "" if nothing is under way. */
extern void nachet_progress_line(NachetProgress *progress, char *line, size_t size);

/* The same as a line of JSON on standard output. */
extern void nachet_progress_json(NachetProgress *progress);

/* "1.5 MB": decimal units, as disks and networks are sold. */
#define NACHET_BYTES_TEXT 32
extern const char *nachet_bytes_text(double bytes, char text[NACHET_BYTES_TEXT]);

#endif

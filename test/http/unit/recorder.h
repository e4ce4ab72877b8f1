/*
 * test/http/unit/recorder.h
 *
 * Feeds a body to the multipart parser in slices and writes down what it tells, as readable text.
 *
 * Rule: each slice is a heap block of exactly its size that is gone after the call, so that the
 * address sanitizer sees any read beyond it and any pointer kept into it.
 */
#ifndef NACHET_TEST_RECORDER_H
#define NACHET_TEST_RECORDER_H

#include "http/body/multipart.h"

#include <stdint.h>

typedef struct Text
{
	char *bytes; /* always NUL-terminated once anything was appended */
	size_t length;
	size_t size;
} Text;

typedef enum StopAt
{
	STOP_NEVER,
	STOP_AT_BEGIN,
	STOP_AT_DATA,
	STOP_AT_END
} StopAt;

/*
 * What one run told. A part reads as name="a" [filename="b"] [type="c"]: data, with a full stop and a
 * line end where part_end came; in all of it bytes outside of printable ASCII are written \xNN, and
 * \ is doubled.
 */
typedef struct Recording
{
	Text told;
	NachetMultipartStatus status;
	const char *reason;
	StopAt stop_at;
	bool stopped; /* a callback returned false */
	bool broken;  /* a callback came that must not have */
	bool in_part;
	size_t data_calls;
} Recording;

void append(Text *text, const void *bytes, size_t length);
void append_string(Text *text, const char *string);
void append_escaped(Text *text, const void *bytes, size_t length);
void append_part(Text *text, const NachetPart *part);
void text_free(Text *text);

/* Next of a fixed sequence (xorshift64*); the state must not be 0. */
uint64_t next_random(uint64_t *state);
size_t random_below(uint64_t *state, size_t limit);

/* Feed the body cut at each of the ascending positions, and finish. The caller frees told. */
Recording record(const char *boundary, const Text *body, const size_t *cuts, size_t cut_count,
                 StopAt stop_at);

/*
 * Feed the body whole, byte by byte, cut in two at every place, in three at every two places where it
 * is short, and at random. True where all runs tell the same; the whole run's recording is given out.
 */
bool record_all(const char *boundary, const Text *body, uint64_t *random, Recording *whole);

/* Print one line of TAP, and count it. Returns passed. */
bool report(bool passed, const char *title);
void report_plan(void);
int failures(void);

/* In multipart_property.c. */
void test_properties(uint64_t seed);

#endif

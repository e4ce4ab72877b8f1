/*
 * test/http/unit/recorder.c
 *
 * Feeds a body to the multipart parser in slices and writes down what it tells, as readable text.
 */
#include "recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_BODY     100 /* cut in three at every two places up to here */
#define RANDOM_SLICES  24
#define RANDOM_CUT_MAX 40

static int test_count;
static int failure_count;

void
append(Text *text, const void *bytes, size_t length)
{
	if (text->size - text->length < length + 1)
	{
		text->size = (text->length + length + 1) * 2;
		text->bytes = realloc(text->bytes, text->size);
		if (text->bytes == NULL)
			abort();
	}
	if (length > 0)
		memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void
append_string(Text *text, const char *string)
{
	append(text, string, strlen(string));
}

void
append_escaped(Text *text, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	char escaped[8];

	for (size_t i = 0; i < length; i++)
	{
		if (at[i] == '\\')
			append(text, "\\\\", 2);
		else if (at[i] >= ' ' && at[i] < 0x7f)
			append(text, at + i, 1);
		else
		{
			snprintf(escaped, sizeof escaped, "\\x%02X", at[i]);
			append_string(text, escaped);
		}
	}
}

void
append_part(Text *text, const NachetPart *part)
{
	append_string(text, "name=\"");
	append_escaped(text, part->name, part->name_length);
	if (part->filename != NULL)
	{
		append_string(text, "\" filename=\"");
		append_escaped(text, part->filename, part->filename_length);
	}
	if (part->content_type != NULL)
	{
		append_string(text, "\" type=\"");
		append_escaped(text, part->content_type, strlen(part->content_type));
	}
	append_string(text, "\": ");
}

void
text_free(Text *text)
{
	free(text->bytes);
	memset(text, 0, sizeof *text);
}

uint64_t
next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

size_t
random_below(uint64_t *state, size_t limit)
{
	return (size_t) ((next_random(state) >> 33) % limit);
}

static bool
part_begin(void *context, const NachetPart *part)
{
	Recording *recording = context;

	if (recording->stopped || recording->in_part || part->name[part->name_length] != '\0' ||
	    (part->filename == NULL && part->filename_length != 0) ||
	    (part->filename != NULL && part->filename[part->filename_length] != '\0'))
		recording->broken = true;
	recording->in_part = true;
	append_part(&recording->told, part);
	recording->stopped = recording->stop_at == STOP_AT_BEGIN;
	return !recording->stopped;
}

static bool
part_data(void *context, const void *bytes, size_t length)
{
	Recording *recording = context;

	if (recording->stopped || !recording->in_part || length == 0)
		recording->broken = true;
	recording->data_calls++;
	append_escaped(&recording->told, bytes, length);
	recording->stopped = recording->stop_at == STOP_AT_DATA;
	return !recording->stopped;
}

static bool
part_end(void *context)
{
	Recording *recording = context;

	if (recording->stopped || !recording->in_part)
		recording->broken = true;
	recording->in_part = false;
	append_string(&recording->told, ".\n");
	recording->stopped = recording->stop_at == STOP_AT_END;
	return !recording->stopped;
}

static NachetMultipartStatus
feed_slice(NachetMultipart *parser, const char *bytes, size_t length)
{
	NachetMultipartStatus status;
	char *slice = malloc(length > 0 ? length : 1);

	if (slice == NULL)
		abort();
	memcpy(slice, bytes, length);
	status = nachet_multipart_feed(parser, slice, length);
	memset(slice, '#', length);
	free(slice);
	return status;
}

Recording
record(const char *boundary, const Text *body, const size_t *cuts, size_t cut_count, StopAt stop_at)
{
	static const NachetMultipartCallbacks callbacks = {part_begin, part_data, part_end};
	Recording recording = {.stop_at = stop_at};
	NachetMultipart *parser = nachet_multipart_create(boundary, &callbacks, &recording);
	NachetMultipartStatus before = NACHET_MULTIPART_OK;
	size_t at = 0;

	if (parser == NULL)
		abort();
	append(&recording.told, "", 0);
	for (size_t i = 0; i <= cut_count; i++)
	{
		size_t next = i < cut_count ? cuts[i] : body->length;
		NachetMultipartStatus status = feed_slice(parser, body->bytes + at, next - at);

		if (before != NACHET_MULTIPART_OK && status != before)
			recording.broken = true;
		before = status;
		at = next;
	}
	recording.status = nachet_multipart_finish(parser);
	if ((before != NACHET_MULTIPART_OK && recording.status != before) ||
	    nachet_multipart_finish(parser) != recording.status)
		recording.broken = true;
	recording.reason = nachet_multipart_reason(parser);
	nachet_multipart_free(parser);
	return recording;
}

/* Does a run with these cuts tell what the whole one told? */
static bool
tells_the_same(const char *boundary, const Text *body, const size_t *cuts, size_t cut_count,
               const Recording *whole)
{
	Recording other = record(boundary, body, cuts, cut_count, STOP_NEVER);
	bool same = !other.broken && other.status == whole->status &&
	            strcmp(other.reason, whole->reason) == 0 &&
	            strcmp(other.told.bytes, whole->told.bytes) == 0;

	if (!same)
	{
		printf("# differs with %zu cuts, the first at %zu: status %d, %s\n# %s\n", cut_count,
		       cut_count > 0 ? cuts[0] : 0, (int) other.status, other.reason, other.told.bytes);
	}
	text_free(&other.told);
	return same;
}

static bool
tells_the_same_at_random(const char *boundary, const Text *body, uint64_t *random,
                         const Recording *whole)
{
	size_t cuts[RANDOM_CUT_MAX];
	size_t count = random_below(random, RANDOM_CUT_MAX) + 1;

	for (size_t i = 0; i < count; i++)
	{
		size_t cut = random_below(random, body->length + 1);
		size_t place = i;

		for (; place > 0 && cuts[place - 1] > cut; place--)
			cuts[place] = cuts[place - 1];
		cuts[place] = cut;
	}
	return tells_the_same(boundary, body, cuts, count, whole);
}

bool
record_all(const char *boundary, const Text *body, uint64_t *random, Recording *whole)
{
	size_t *cuts = calloc(body->length + 1, sizeof *cuts);
	bool same;

	if (cuts == NULL)
		abort();
	*whole = record(boundary, body, NULL, 0, STOP_NEVER);
	for (size_t i = 0; i < body->length; i++)
		cuts[i] = i;
	same = !whole->broken && tells_the_same(boundary, body, cuts, body->length, whole);
	for (size_t first = 0; same && first <= body->length; first++)
	{
		size_t two[2] = {first, first};

		same = tells_the_same(boundary, body, two, 1, whole);
		for (; same && body->length <= SHORT_BODY && two[1] <= body->length; two[1]++)
			same = tells_the_same(boundary, body, two, 2, whole);
	}
	for (int i = 0; same && i < RANDOM_SLICES; i++)
		same = tells_the_same_at_random(boundary, body, random, whole);
	free(cuts);
	return same;
}

bool
report(bool passed, const char *title)
{
	test_count++;
	if (!passed)
		failure_count++;
	printf("%sok %d - %s\n", passed ? "" : "not ", test_count, title);
	fflush(stdout);
	return passed;
}

void
report_plan(void)
{
	printf("1..%d\n", test_count);
}

int
failures(void)
{
	return failure_count;
}

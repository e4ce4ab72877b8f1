/*
 * test/fuzz/multipart_fuzz.c
 *		The multipart parser: however a body is cut, it tells what a plain reading of the whole body finds.
 *
 * Input: the request's Content-Type up to the first line end, then the body.
 */
#include <string.h>

#include "http/body/multipart.h"
#include "fuzz.h"
#include "multipart_reading.h"

/* What the parser has told so far. */
typedef struct Telling
{
	const Reading *reading;
	size_t part;
	size_t received; /* of the part under way */
	bool in_part;
} Telling;

/* The part that the reading has there; NULL for one that does not end well, of which less is known. */
static const ReadPart *
expected(const Telling *telling)
{
	return telling->part < telling->reading->count ? &telling->reading->parts[telling->part] : NULL;
}

static bool
same_text(const char *a, size_t a_length, const char *b, size_t b_length)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a_length == b_length && memcmp(a, b, a_length) == 0 && a[a_length] == '\0';
}

static bool
begin_part(void *context, const NachetPart *part)
{
	Telling *telling = context;
	const ReadPart *read = expected(telling);

	CLAIM(!telling->in_part);
	telling->in_part = true;
	telling->received = 0;
	if (read == NULL)
		return true;
	CLAIM(same_text(part->name, part->name_length, read->name, read->name_length));
	CLAIM(same_text(part->filename, part->filename_length, read->filename, read->filename_length));
	CLAIM(same_text(part->content_type, part->content_type != NULL ? strlen(part->content_type) : 0,
	                read->type, read->type != NULL ? strlen(read->type) : 0));
	return true;
}

static bool
take_data(void *context, const void *bytes, size_t length)
{
	Telling *telling = context;
	const ReadPart *read = expected(telling);

	CLAIM(telling->in_part && length > 0);
	if (read != NULL)
	{
		CLAIM(read->data_length - telling->received >= length);
		CLAIM(memcmp(read->data + telling->received, bytes, length) == 0);
	}
	telling->received += length;
	return true;
}

static bool
end_part(void *context)
{
	Telling *telling = context;
	const ReadPart *read = expected(telling);

	CLAIM(telling->in_part && read != NULL && telling->received == read->data_length);
	telling->in_part = false;
	telling->part++;
	return true;
}

/* Each slice in a block of its own size, gone after the call; step 0 cuts at random. */
static void
parse(const char *boundary, const uint8_t *body, size_t size, const Reading *reading, size_t step,
      uint64_t *random)
{
	static const NachetMultipartCallbacks callbacks = {begin_part, take_data, end_part};
	Telling telling = {.reading = reading};
	NachetMultipart *parser = nachet_multipart_create(boundary, &callbacks, &telling);
	NachetMultipartStatus status = NACHET_MULTIPART_OK;

	CLAIM(parser != NULL);
	for (size_t at = 0; at < size && status == NACHET_MULTIPART_OK;)
	{
		size_t length = step > 0 ? step : fuzz_random(random) % 64;
		char *slice;

		if (length > size - at)
			length = size - at;
		slice = malloc(length > 0 ? length : 1);
		CLAIM(slice != NULL);
		memcpy(slice, body + at, length);
		status = nachet_multipart_feed(parser, slice, length);
		free(slice);
		at += length;
	}
	status = nachet_multipart_finish(parser);
	CLAIM((status == NACHET_MULTIPART_OK) == reading->whole);
	CLAIM(telling.part == reading->count);
	CLAIM((status == NACHET_MULTIPART_OK) == (*nachet_multipart_reason(parser) == '\0'));
	nachet_multipart_free(parser);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const uint8_t *line_end = size > 0 ? memchr(bytes, '\n', size) : NULL;
	char content_type[512];
	char boundary[NACHET_BOUNDARY_MAX + 1];
	uint64_t random = fuzz_seed(bytes, size);
	size_t type_length;
	const uint8_t *body;
	size_t body_size;
	Reading reading;

	if (line_end == NULL || (type_length = (size_t) (line_end - bytes)) >= sizeof(content_type))
		return 0;
	memcpy(content_type, bytes, type_length);
	content_type[type_length] = '\0';
	if (!nachet_multipart_boundary(content_type, boundary))
	{
		CLAIM(*boundary == '\0');
		return 0;
	}
	CLAIM(strlen(boundary) >= 1 && strlen(boundary) <= NACHET_BOUNDARY_MAX &&
	      strstr(content_type, boundary) != NULL);
	body = line_end + 1;
	body_size = size - type_length - 1;
	reading = read_multipart(boundary, (const char *) body, body_size);
	parse(boundary, body, body_size, &reading, body_size > 0 ? body_size : 1, &random);
	parse(boundary, body, body_size, &reading, 1, &random);
	parse(boundary, body, body_size, &reading, 0, &random);
	free_reading(&reading);
	return 0;
}

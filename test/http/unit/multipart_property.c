/*
 * test/http/unit/multipart_property.c
 *
 * The multipart parser against an encoder and a reference reader that know nothing of it: parts made at
 * random come back as they were, and bodies damaged at random are judged alike.
 *
 * Rule: the reference holds the whole body and looks at it plainly, byte by byte; it shares neither a
 * table nor a search with the parser.
 */
#include "recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_TRIPS 400
#define DAMAGED     12000

/* Bytes that have a meaning somewhere, to make data of, and pieces to make damaged bodies of. */
static const char *const hostile[] = {"\r", "\n", "\r\n", "-", "--", "\r\n--", "x", " ", "\t"};

static const char field_line[] = "Content-Disposition: form-data; name=\"a\"";
static const char file_line[] = "Content-Disposition: form-data; name=\"f\"; filename=\"b\"";
static const char other_line[] = "X-Other: y";

static size_t
find(const Text *text, size_t from, const char *what)
{
	size_t length = strlen(what);

	for (size_t i = from; i + length <= text->length; i++)
	{
		if (memcmp(text->bytes + i, what, length) == 0)
			return i;
	}
	return SIZE_MAX;
}

static bool
has_at(const Text *text, size_t at, const char *what)
{
	size_t length = strlen(what);

	return at <= text->length && text->length - at >= length &&
	       memcmp(text->bytes + at, what, length) == 0;
}

static void
make_boundary(uint64_t *random, char boundary[NACHET_BOUNDARY_MAX + 1])
{
	static const char legal[] = "abcXYZ019'()+_,-./:=? ";
	size_t length = random_below(random, 3) == 0 ? random_below(random, 3) + 1
	                                             : random_below(random, NACHET_BOUNDARY_MAX) + 1;
	size_t kinds = random_below(random, 2) == 0 ? 2 : sizeof legal - 2;

	for (size_t i = 0; i < length; i++)
		boundary[i] = random_below(random, 3) == 0 ? '-' : legal[random_below(random, kinds)];
	boundary[length] = '\0';
}

/* Data that a sender may put between these delimiters: it holds none, nor begins with a boundary. */
static Text
make_data(uint64_t *random, const char *delimiter)
{
	Text data = {0};

	do
	{
		size_t pieces = random_below(random, 60);

		data.length = 0;
		append(&data, "", 0);
		while (pieces-- > 0)
		{
			size_t kind = random_below(random, 12);
			unsigned char any = (unsigned char) random_below(random, 256);

			if (kind < 9)
				append_string(&data, hostile[kind]);
			else if (kind == 9)
				append(&data, delimiter, random_below(random, strlen(delimiter)));
			else
				append(&data, &any, 1);
		}
	} while (find(&data, 0, delimiter) != SIZE_MAX || has_at(&data, 0, delimiter + 2));
	return data;
}

/* A name without what is refused: NUL, two backslashes, one at the end. */
static Text
make_name(uint64_t *random)
{
	static const char *const pieces[] = {"a", "\"", "\r\n", "%", "\xc3\xa9",
	                                     ";", "=",  "\\x",  " ", "/"};
	Text name = {0};
	size_t count = random_below(random, 12);

	append(&name, "", 0);
	while (count-- > 0)
		append_string(&name, pieces[random_below(random, sizeof pieces / sizeof *pieces)]);
	return name;
}

/* As browsers write a name. */
static void
encode_name(Text *body, const Text *name)
{
	for (size_t i = 0; i < name->length; i++)
	{
		if (name->bytes[i] == '"')
			append_string(body, "%22");
		else if (name->bytes[i] == '\r')
			append_string(body, "%0D");
		else if (name->bytes[i] == '\n')
			append_string(body, "%0A");
		else
			append(body, name->bytes + i, 1);
	}
}

/* Write a random part into the body, and what should be told of it. */
static void
encode_part(uint64_t *random, const char *delimiter, Text *body, Text *expected)
{
	Text name = make_name(random);
	Text filename = make_name(random);
	Text data = make_data(random, delimiter);
	NachetPart part = {name.bytes, name.length, NULL, 0, NULL};

	append_string(body, "Content-Disposition: form-data; name=\"");
	encode_name(body, &name);
	if (random_below(random, 2) == 0)
	{
		part.filename = filename.bytes;
		part.filename_length = filename.length;
		part.content_type = "image/png";
		append_string(body, "\"; filename=\"");
		encode_name(body, &filename);
		append_string(body, "\"\r\nContent-Type: image/png\r\n\r\n");
	}
	else
		append_string(body, "\"\r\n\r\n");
	append(body, data.bytes, data.length);
	append_part(expected, &part);
	append_escaped(expected, data.bytes, data.length);
	append_string(expected, ".\n");
	text_free(&name);
	text_free(&filename);
	text_free(&data);
}

static bool
make_round_trip(uint64_t *random)
{
	char delimiter[4 + NACHET_BOUNDARY_MAX + 1] = "\r\n--";
	Text body = {0};
	Text expected = {0};
	size_t parts = random_below(random, 6);
	Recording whole;
	bool right;

	do
		make_boundary(random, delimiter + 4);
	while (delimiter[strlen(delimiter) - 1] == ' ');
	append(&expected, "", 0);
	append_string(&body, delimiter + 2);
	while (parts-- > 0)
	{
		append_string(&body, "\r\n");
		encode_part(random, delimiter, &body, &expected);
		append_string(&body, delimiter);
	}
	append_string(&body, "--\r\n");
	right = record_all(delimiter + 4, &body, random, &whole) &&
	        whole.status == NACHET_MULTIPART_OK && strcmp(whole.told.bytes, expected.bytes) == 0;
	if (!right)
		printf("# %s\n# expected %s\n# told %s\n", whole.reason, expected.bytes, whole.told.bytes);
	text_free(&whole.told);
	text_free(&body);
	text_free(&expected);
	return right;
}

/* Read header lines up to the empty one; where data begins, or SIZE_MAX where they are refused. */
static size_t
reference_headers(const Text *body, size_t at, const char *dashed, Text *told)
{
	const char *seen = NULL;

	for (;;)
	{
		size_t end = find(body, at, "\r\n");
		Text line = {body->bytes + at, 0, 0};

		if (end == SIZE_MAX)
			return SIZE_MAX;
		line.length = end - at;
		if (line.length == 0)
			break;
		if (find(&line, 0, "\r") != SIZE_MAX || find(&line, 0, "\n") != SIZE_MAX)
			return SIZE_MAX;
		if (has_at(&line, 0, dashed) || line.bytes[0] == ' ' || line.bytes[0] == '\t')
			return SIZE_MAX;
		while (line.bytes[line.length - 1] == ' ' || line.bytes[line.length - 1] == '\t')
			line.length--;
		if (line.length == strlen(field_line) && has_at(&line, 0, field_line))
			seen = seen == NULL ? "name=\"a\": " : "";
		else if (line.length == strlen(file_line) && has_at(&line, 0, file_line))
			seen = seen == NULL ? "name=\"f\" filename=\"b\": " : "";
		else
		{
			/* The pieces hold a colon in those three lines only: it is another header, or none. */
			size_t colon = find(&line, 0, ":");

			if (colon == SIZE_MAX || find(&line, 0, " ") < colon || find(&line, 0, "\t") < colon)
				return SIZE_MAX;
			if (has_at(&line, 0, "Content-Disposition:"))
				return SIZE_MAX;
		}
		if (seen != NULL && seen[0] == '\0')
			return SIZE_MAX;
		at = end + 2;
	}
	if (seen == NULL)
		return SIZE_MAX;
	append_string(told, seen);
	return at + 2;
}

/* Judge a body made of the pieces below; what it tells is added to told. */
static bool
reference(const Text *body, const char *boundary, Text *told)
{
	char delimiter[4 + NACHET_BOUNDARY_MAX + 1] = "\r\n--";
	size_t at;

	strcat(delimiter, boundary);
	if (!has_at(body, 0, delimiter + 2))
		return false;
	at = strlen(delimiter) - 2;
	for (;;)
	{
		bool final = has_at(body, at, "--");
		size_t next;

		at += final ? 2 : 0;
		while (has_at(body, at, " ") || has_at(body, at, "\t") ||
		       (final && has_at(body, at, "\r\n")))
			at += has_at(body, at, "\r\n") ? 2 : 1;
		if (final)
			return at == body->length;
		if (!has_at(body, at, "\r\n"))
			return false;
		at = reference_headers(body, at + 2, delimiter + 2, told);
		if (at == SIZE_MAX || has_at(body, at, delimiter + 2))
			return false;
		next = find(body, at, delimiter);
		if (next == SIZE_MAX)
			return false;
		append_escaped(told, body->bytes + at, next - at);
		append_string(told, ".\n");
		at = next + strlen(delimiter);
	}
}

/* Add a piece; one in forty is left out, doubled, or followed by something that has a meaning. */
static void
add(uint64_t *random, Text *body, const char *piece)
{
	size_t luck = random_below(random, 160);

	if (luck == 0)
		return;
	append_string(body, piece);
	if (luck == 1)
		append_string(body, piece);
	else if (luck < 4)
		append_string(body, hostile[random_below(random, sizeof hostile / sizeof *hostile)]);
}

static Text
make_damaged(uint64_t *random, const char *boundary)
{
	size_t parts = random_below(random, 4);
	Text body = {0};

	append(&body, "", 0);
	add(random, &body, "--");
	add(random, &body, boundary);
	while (parts-- > 0)
	{
		size_t pieces = random_below(random, 12);

		add(random, &body, "\r\n");
		for (size_t others = random_below(random, 3); others > 0; others--)
		{
			add(random, &body, other_line);
			add(random, &body, "\r\n");
		}
		add(random, &body, random_below(random, 2) == 0 ? field_line : file_line);
		add(random, &body, "\r\n");
		add(random, &body, "\r\n");
		while (pieces-- > 0)
		{
			add(random, &body, hostile[random_below(random, sizeof hostile / sizeof *hostile)]);
			if (random_below(random, 50) == 0)
				add(random, &body, boundary);
		}
		add(random, &body, "\r\n--");
		add(random, &body, boundary);
	}
	add(random, &body, "--");
	add(random, &body, "\r\n");
	return body;
}

/* True where parser and reference agree; adds to good where both take the body. */
static bool
compare_damaged(uint64_t *random, int *good)
{
	static const char *const boundaries[] = {"B", "-", "--", "xyxyx", "-x--x"};
	const char *boundary = boundaries[random_below(random, 5)];
	Text body = make_damaged(random, boundary);
	Text told = {0};
	Recording whole = record(boundary, &body, NULL, 0, STOP_NEVER);
	size_t cuts[3];
	Recording sliced;
	bool taken, agreed;

	append(&told, "", 0);
	taken = reference(&body, boundary, &told);
	cuts[0] = random_below(random, body.length + 1);
	cuts[1] = cuts[0] + random_below(random, body.length - cuts[0] + 1);
	cuts[2] = cuts[1] + random_below(random, body.length - cuts[1] + 1);
	sliced = record(boundary, &body, cuts, 3, STOP_NEVER);
	agreed = taken
	             ? whole.status == NACHET_MULTIPART_OK && strcmp(whole.told.bytes, told.bytes) == 0
	             : whole.status == NACHET_MULTIPART_MALFORMED;
	agreed = agreed && !whole.broken && !sliced.broken && sliced.status == whole.status &&
	         strcmp(sliced.reason, whole.reason) == 0 &&
	         strcmp(sliced.told.bytes, whole.told.bytes) == 0;
	if (taken)
		(*good)++;
	if (!agreed)
	{
		Text shown = {0};

		append_escaped(&shown, body.bytes, body.length);
		printf("# boundary %s, body %s\n# reference %s: %s\n# parser %d: %s %s\n", boundary,
		       shown.bytes, taken ? "takes" : "refuses", told.bytes, (int) whole.status,
		       whole.told.bytes, whole.reason);
		text_free(&shown);
	}
	text_free(&whole.told);
	text_free(&sliced.told);
	text_free(&told);
	text_free(&body);
	return agreed;
}

void
test_properties(uint64_t seed)
{
	uint64_t random = seed;
	bool right = true;
	int good = 0;

	for (int i = 0; right && i < ROUND_TRIPS; i++)
		right = make_round_trip(&random);
	report(right, "random parts come back as they were encoded");
	right = true;
	for (int i = 0; right && i < DAMAGED; i++)
		right = compare_damaged(&random, &good);
	report(right, "damaged bodies are judged as the reference judges them");
	printf("# %d of %d were whole\n", good, DAMAGED);
	report(good > DAMAGED / 10 && good < DAMAGED * 9 / 10, "both kinds came up often");
}

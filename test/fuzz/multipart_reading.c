/*
 * test/fuzz/multipart_reading.c
 *		A second reading of multipart/form-data, which holds the whole body and looks at it plainly.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/body/multipart.h"
#include "fuzz.h"
#include "multipart_reading.h"

/* A part of the body: [at, end). */
typedef struct Span
{
	const char *at;
	const char *end;
} Span;

static size_t
length_of(Span span)
{
	return (size_t) (span.end - span.at);
}

static bool
begins_with(Span span, const char *what)
{
	return length_of(span) >= strlen(what) && memcmp(span.at, what, strlen(what)) == 0;
}

static bool
equals(Span span, const char *word)
{
	return length_of(span) == strlen(word) && strncasecmp(span.at, word, strlen(word)) == 0;
}

/* How many bytes at the start are of the set. */
static size_t
run(Span span, const char *set)
{
	size_t length = 0;

	while (length < length_of(span) && span.at[length] != '\0' &&
	       strchr(set, span.at[length]) != NULL)
		length++;
	return length;
}

static Span
take(Span *span, size_t length)
{
	Span taken = {span->at, span->at + length};

	span->at += length;
	return taken;
}

static const char token_bytes[] =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* --- parameters -------------------------------------------------------------------------------------- */

typedef struct Parameter
{
	Span name;
	Span value;
} Parameter;

/* The next ; name=value; false where there is none, and then *well tells whether that is as it should be. */
static bool
next_parameter(Span *rest, Parameter *parameter, bool *well)
{
	(void) take(rest, run(*rest, " \t"));
	*well = length_of(*rest) == 0;
	if (!begins_with(*rest, ";"))
		return false;
	rest->at++;
	(void) take(rest, run(*rest, " \t"));
	parameter->name = take(rest, run(*rest, token_bytes));
	if (length_of(parameter->name) == 0 || !begins_with(*rest, "="))
		return false;
	rest->at++;
	if (begins_with(*rest, "\""))
	{
		const char *quote = memchr(rest->at + 1, '"', length_of(*rest) - 1);

		if (quote == NULL)
			return false;
		parameter->value = (Span){rest->at + 1, quote};
		rest->at = quote + 1;
		/* Where a backslash stands before a quote or a backslash, readers differ. */
		for (const char *at = parameter->value.at; at < parameter->value.end; at++)
		{
			if (at[0] == '\\' && (at[1] == '\\' || at[1] == '"'))
				return false;
		}
		return true;
	}
	parameter->value = take(rest, run(*rest, token_bytes));
	return length_of(parameter->value) > 0;
}

static char *
copy_span(Span span)
{
	char *copy = malloc(length_of(span) + 1);

	CLAIM(copy != NULL);
	memcpy(copy, span.at, length_of(span));
	copy[length_of(span)] = '\0';
	return copy;
}

static char *
decode(Span value, size_t *length)
{
	static const struct
	{
		const char *from;
		char to;
	} escapes[] = {{"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}};
	char *copy = copy_span(value);

	*length = 0;
	for (size_t i = 0; i < length_of(value);)
	{
		size_t e = 0;

		while (e < 3 && strncasecmp(value.at + i, escapes[e].from,
		                            length_of(value) - i < 3 ? length_of(value) - i : 3) != 0)
			e++;
		if (e < 3 && length_of(value) - i >= 3)
		{
			copy[(*length)++] = escapes[e].to;
			i += 3;
		}
		else
			copy[(*length)++] = value.at[i++];
	}
	copy[*length] = '\0';
	return copy;
}

/* --- a part's headers -------------------------------------------------------------------------------- */

static bool
read_disposition(Span value, ReadPart *part)
{
	Parameter parameter;
	bool well;

	if (part->name != NULL || !equals(take(&value, run(value, token_bytes)), "form-data"))
		return false;
	while (next_parameter(&value, &parameter, &well))
	{
		bool is_name = equals(parameter.name, "name");
		bool is_filename = equals(parameter.name, "filename");

		if (memchr(parameter.name.at, '*', length_of(parameter.name)) != NULL ||
		    (is_name && part->name != NULL) || (is_filename && part->filename != NULL))
			return false;
		if (is_name)
			part->name = decode(parameter.value, &part->name_length);
		if (is_filename)
			part->filename = decode(parameter.value, &part->filename_length);
	}
	return well && part->name != NULL;
}

static bool
read_type(Span value, ReadPart *part)
{
	Span whole = value;
	Parameter parameter;
	Span type = take(&value, run(value, token_bytes));
	bool well;

	if (part->type != NULL || length_of(type) == 0 || equals(type, "multipart") ||
	    !begins_with(value, "/"))
		return false;
	value.at++;
	if (length_of(take(&value, run(value, token_bytes))) == 0)
		return false;
	while (next_parameter(&value, &parameter, &well))
		continue;
	part->type = copy_span(whole);
	return well;
}

static bool
read_line(Span line, ReadPart *part, bool *has_encoding)
{
	Span name = take(&line, run(line, token_bytes));

	if (length_of(name) == 0 || !begins_with(line, ":"))
		return false;
	line.at++;
	(void) take(&line, run(line, " \t"));
	while (length_of(line) > 0 && (line.end[-1] == ' ' || line.end[-1] == '\t'))
		line.end--;
	if (equals(name, "Content-Disposition"))
		return read_disposition(line, part);
	if (equals(name, "Content-Type"))
		return read_type(line, part);
	if (!equals(name, "Content-Transfer-Encoding"))
		return true;
	if (*has_encoding)
		return false;
	*has_encoding = true;
	return equals(line, "binary") || equals(line, "8bit") || equals(line, "7bit");
}

static bool
line_is_clean(Span line, const char *dash_boundary)
{
	for (const char *at = line.at; at < line.end; at++)
	{
		if (iscntrl((unsigned char) *at) && *at != '\t')
			return false;
	}
	return line.at[0] != ' ' && line.at[0] != '\t' && !begins_with(line, dash_boundary);
}

/* The header lines up to and with the empty one. */
static bool
read_headers(Span *rest, const char *dash_boundary, ReadPart *part)
{
	const char *start = rest->at;
	bool has_encoding = false;

	for (int lines = 0;; lines++)
	{
		const char *end = memmem(rest->at, length_of(*rest), "\r\n", 2);
		Span line = {rest->at, end};

		if (end == NULL)
			return false;
		rest->at = end + 2;
		if (length_of(line) == 0)
			return part->name != NULL;
		if (lines == NACHET_MULTIPART_HEADER_LINES ||
		    rest->at - start > NACHET_MULTIPART_HEADER_MAX || !line_is_clean(line, dash_boundary) ||
		    !read_line(line, part, &has_encoding))
			return false;
	}
}

/* --- the body ---------------------------------------------------------------------------------------- */

static void
free_part(ReadPart *part)
{
	free(part->name);
	free(part->filename);
	free(part->type);
}

/* Whether nothing but blanks and line ends is left, and few enough of them. */
static bool
is_blank_to_the_end(Span rest)
{
	size_t count = 0;

	for (; length_of(rest) > 0; count++)
	{
		if (begins_with(rest, "\r\n"))
			rest.at += 2;
		else if (run(rest, " \t") > 0)
			rest.at++;
		else
			return false;
	}
	return count <= NACHET_MULTIPART_PADDING_MAX;
}

/* What stands behind a boundary: 1 where a part follows, 0 where it was the final one, -1 for anything else. */
static int
read_boundary_line(Span *rest)
{
	size_t blanks;

	if (begins_with(*rest, "--"))
	{
		rest->at += 2;
		return is_blank_to_the_end(*rest) ? 0 : -1;
	}
	blanks = run(*rest, " \t");
	if (blanks > NACHET_MULTIPART_PADDING_MAX)
		return -1;
	rest->at += blanks;
	if (!begins_with(*rest, "\r\n"))
		return -1;
	rest->at += 2;
	return 1;
}

/* In two places a boundary that breaks off after "--" has closed the part before it; see end_part in http/body/multipart.c. */
static bool
closes_part(Span rest, int what)
{
	return what >= 0 || begins_with(rest, "--");
}

Reading
read_multipart(const char *boundary, const char *body, size_t size)
{
	Reading reading = {0};
	char delimiter[4 + NACHET_BOUNDARY_MAX + 1];
	char *text = malloc(size + 3);
	Span rest;
	ReadPart part = {0};
	bool in_part = false;

	CLAIM(text != NULL);
	snprintf(delimiter, sizeof(delimiter), "\r\n--%s", boundary);
	memcpy(text, "\r\n", 2);
	memcpy(text + 2, body, size);
	rest = (Span){text, text + 2 + size};
	while (begins_with(rest, delimiter))
	{
		Span after;
		const char *next;
		int what;

		rest.at += strlen(delimiter);
		after = rest;
		what = read_boundary_line(&rest);
		if (in_part && closes_part(after, what))
		{
			reading.parts = realloc(reading.parts, (reading.count + 1) * sizeof(part));
			CLAIM(reading.parts != NULL);
			part.data = body + (part.data - (text + 2));
			reading.parts[reading.count++] = part;
			part = (ReadPart){0};
			in_part = false;
		}
		reading.whole = what == 0;
		if (what != 1 || !read_headers(&rest, delimiter + 2, &part))
			break;
		/* The empty line's own CRLF can't begin a boundary. */
		next = memmem(rest.at - 2, length_of(rest) + 2, delimiter, strlen(delimiter));
		if (next == NULL || next < rest.at)
			break;
		in_part = true;
		part.data = rest.at;
		part.data_length = (size_t) (next - rest.at);
		rest.at = next;
	}
	free_part(&part);
	free(text);
	return reading;
}

void
free_reading(Reading *reading)
{
	for (size_t i = 0; i < reading->count; i++)
		free_part(&reading->parts[i]);
	free(reading->parts);
}

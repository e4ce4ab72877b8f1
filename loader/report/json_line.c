/*
 * loader/report/json_line.c
 *		One line of JSON on standard output, for --json.
 *
 * A line is built in memory and written by one call, which stdio's own lock keeps whole: workers and the
 * monitor write at once. RFC 8259; numbers are written without the locale's help.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "loader/client/visible.h"
#include "loader/report/json_line.h"

/* A character as JSON escapes it, which is lossless: beyond U+FFFF by two surrogates. */
static void
put_escaped(FILE *stream, uint32_t code)
{
	if (code > 0xffff)
		fprintf(stream, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd7c0 + (code >> 10),
		        0xdc00 + (code & 0x3ff));
	else
		fprintf(stream, "\\u%04" PRIx32, code);
}

static void
put_text(FILE *stream, const char *text)
{
	size_t length = strlen(text);
	size_t size;
	uint32_t code;

	fputc('"', stream);
	for (size_t at = 0; at < length; at += size)
	{
		NachetLook look = nachet_look(text + at, length - at, &size, &code);

		if (look == NACHET_LOOK_INVALID)
			fputs("\\ufffd", stream);
		else if (look != NACHET_LOOK_PLAIN)
			put_escaped(stream, code);
		else if (code == '"' || code == '\\')
			fprintf(stream, "\\%c", text[at]);
		else
			fwrite(text + at, 1, size, stream);
	}
	fputc('"', stream);
}

void
nachet_json_begin(NachetJsonLine *line, const char *message_type)
{
	line->text = NULL;
	line->length = 0;
	line->stream = open_memstream(&line->text, &line->length);
	if (line->stream == NULL)
		return;
	fputs("{\"message_type\":", line->stream);
	put_text(line->stream, message_type);
}

static bool
put_key(NachetJsonLine *line, const char *key)
{
	if (line->stream == NULL)
		return false;
	fputc(',', line->stream);
	put_text(line->stream, key);
	fputc(':', line->stream);
	return true;
}

void
nachet_json_text(NachetJsonLine *line, const char *key, const char *value)
{
	if (!put_key(line, key))
		return;
	if (value == NULL)
		fputs("null", line->stream);
	else
		put_text(line->stream, value);
}

void
nachet_json_number(NachetJsonLine *line, const char *key, uint64_t value)
{
	if (put_key(line, key))
		fprintf(line->stream, "%" PRIu64, value);
}

void
nachet_json_fraction(NachetJsonLine *line, const char *key, double value)
{
	uint64_t thousandths = value > 0 ? (uint64_t) (value * 1000 + 0.5) : 0;

	if (put_key(line, key))
		fprintf(line->stream, "%" PRIu64 ".%03" PRIu64, thousandths / 1000, thousandths % 1000);
}

void
nachet_json_bool(NachetJsonLine *line, const char *key, bool value)
{
	if (put_key(line, key))
		fputs(value ? "true" : "false", line->stream);
}

bool
nachet_json_end(NachetJsonLine *line)
{
	bool written = false;

	errno = ENOMEM;
	if (line->stream != NULL)
	{
		fputs("}\n", line->stream);
		if (fclose(line->stream) == 0)
			written =
			    fwrite(line->text, 1, line->length, stdout) == line->length && fflush(stdout) == 0;
	}
	free(line->text);
	return written;
}

/*
 * loader/json_line.c
 *		One line of JSON on standard output, for --json.
 *
 * A line is built in memory and written by one call, which stdio's own lock keeps whole: workers and the
 * monitor write at once. RFC 8259; numbers are written without the locale's help.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/visible.h"
#include "json_line.h"

static void
put_text(FILE *stream, const char *text)
{
	size_t length = strlen(text);
	size_t size;

	fputc('"', stream);
	for (size_t at = 0; at < length; at += size)
	{
		NachetCharacter kind = nachet_character(text + at, length - at, &size);

		if (kind == NACHET_CHARACTER_INVALID)
			fputs("\\ufffd", stream);
		else if (kind != NACHET_CHARACTER_PLAIN)
			fprintf(stream, "\\u%04x", nachet_character_code(text + at, size));
		else if (text[at] == '"' || text[at] == '\\')
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

/*
 * loader/script/output.c
 *		Standard output as a psql script is written to it: SQL, literals, and rows of a text COPY.
 *
 * Written through a buffer of its own, past stdio, so that the first failure of a write keeps its
 * errno and is not followed by others: what a full disk or a closed pipe has cut off must not go on
 * behind.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pure/hex.h"
#include "loader/script/output.h"

/* SQL is short: this bounds one call of nachet_script_output_sql. */
#define SQL_BYTES 4096

/* How many bytes of a bytea are made digits of at once. */
#define HEX_BYTES (NACHET_SCRIPT_OUTPUT_BYTES / 4)

void
nachet_script_output_init(NachetScriptOutput *output)
{
	output->bytes = 0;
	output->failure = 0;
	output->length = 0;
}

static void
write_held(NachetScriptOutput *output)
{
	size_t written = 0;

	while (output->failure == 0 && written < output->length)
	{
		ssize_t some = write(STDOUT_FILENO, output->buffer + written, output->length - written);

		if (some >= 0)
			written += (size_t) some;
		else if (errno != EINTR)
			output->failure = errno;
	}
	output->bytes += written;
	output->length = 0;
}

bool
nachet_script_output_flush(NachetScriptOutput *output)
{
	write_held(output);
	return output->failure == 0;
}

/* Room for so many bytes, less than the buffer has, at its end. */
static char *
reserve(NachetScriptOutput *output, size_t length)
{
	char *room;

	if (output->length + length > sizeof(output->buffer))
		write_held(output);
	room = output->buffer + output->length;
	output->length += length;
	return room;
}

static void
put(NachetScriptOutput *output, const void *bytes, size_t length)
{
	memcpy(reserve(output, length), bytes, length);
}

void
nachet_script_output_sql(NachetScriptOutput *output, const char *format, ...)
{
	char *room = reserve(output, SQL_BYTES);
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(room, SQL_BYTES, format, args);
	va_end(args);
	if (length < 0 || length >= SQL_BYTES)
	{
		output->failure = EOVERFLOW;
		length = 0;
	}
	output->length -= SQL_BYTES - (size_t) length;
}

/* A character as E'' and COPY both read it: controls as \xNN, the doubled ones twice. */
static void
put_escaped(NachetScriptOutput *output, char character, const char *doubled)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char c = (unsigned char) character;
	char escaped[4] = {'\\', 'x', digits[c >> 4], digits[c & 15]};

	if (c < 0x20 || c == 0x7f)
		put(output, escaped, sizeof(escaped));
	else
	{
		if (strchr(doubled, character) != NULL)
			put(output, &character, 1);
		put(output, &character, 1);
	}
}

void
nachet_script_output_literal(NachetScriptOutput *output, const char *text)
{
	put(output, "E'", 2);
	for (; *text != '\0'; text++)
		put_escaped(output, *text, "'\\");
	put(output, "'", 1);
}

void
nachet_script_output_text(NachetScriptOutput *output, const char *text)
{
	for (; *text != '\0'; text++)
		put_escaped(output, *text, "\\");
}

void
nachet_script_output_bytea(NachetScriptOutput *output, const void *bytes, size_t length)
{
	const unsigned char *next = bytes;

	/* COPY takes one backslash away, bytea's input the other. */
	put(output, "\\\\x", 3);
	while (length > 0)
	{
		size_t some = length < HEX_BYTES ? length : HEX_BYTES;

		/* The NUL behind the digits is the next byte's place. */
		nachet_hex_encode(next, some, reserve(output, 2 * some + 1));
		output->length--;
		next += some;
		length -= some;
	}
}

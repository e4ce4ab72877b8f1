/*
 * http/text.c
 *		Text that grows, and strings as JSON writes them (RFC 8259).
 *
 * A failure is remembered and asked for once, at the end, so that the callers need no test a line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pure/names.h"
#include "text.h"

#define FIRST_CAPACITY 256

static bool
reserve(NachetText *text, size_t length)
{
	size_t capacity = text->capacity > 0 ? text->capacity : FIRST_CAPACITY;
	char *bytes;

	if (text->failed)
		return false;
	while (capacity - text->length <= length)
		capacity *= 2;
	if (capacity <= text->capacity)
		return true;
	bytes = realloc(text->bytes, capacity);
	if (bytes == NULL)
	{
		nachet_text_free(text);
		text->failed = true;
		return false;
	}
	text->bytes = bytes;
	text->capacity = capacity;
	return true;
}

void
nachet_text_add(NachetText *text, const void *bytes, size_t length)
{
	if (!reserve(text, length))
		return;
	if (length > 0)
		memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void
nachet_text_format(NachetText *text, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0 || !reserve(text, (size_t) length))
		return;
	va_start(args, format);
	(void) vsnprintf(text->bytes + text->length, (size_t) length + 1, format, args);
	va_end(args);
	text->length += (size_t) length;
}

/* The bytes of the valid UTF-8 character at the start, 0 where there is none. */
static size_t
character_length(const char *bytes, size_t length)
{
	for (size_t size = 1; size <= 4 && size <= length; size++)
	{
		if (nachet_utf8_valid(bytes, size))
			return size;
	}
	return 0;
}

void
nachet_text_json(NachetText *text, const char *bytes, size_t length)
{
	nachet_text_add(text, "\"", 1);
	for (size_t at = 0; at < length;)
	{
		unsigned char byte = (unsigned char) bytes[at];
		size_t size = character_length(bytes + at, length - at);

		if (size == 0)
			nachet_text_add(text, "\xef\xbf\xbd", 3);
		else if (byte == '"' || byte == '\\')
			nachet_text_format(text, "\\%c", byte);
		else if (byte < 0x20 || byte == 0x7f)
			nachet_text_format(text, "\\u%04x", byte);
		else if (byte == 0xc2 && (unsigned char) bytes[at + 1] < 0xa0)
			nachet_text_format(text, "\\u%04x", (unsigned char) bytes[at + 1]);
		else
			nachet_text_add(text, bytes + at, size);
		at += size > 0 ? size : 1;
	}
	nachet_text_add(text, "\"", 1);
}

/* Whether a terminal or a reader could take the character for something else than itself. */
static bool
is_hidden(const char *bytes, size_t size)
{
	const unsigned char *at = (const unsigned char *) bytes;

	if (size == 1)
		return at[0] < 0x20 || at[0] == 0x7f;
	if (size == 2)
		return at[0] == 0xc2 && at[1] < 0xa0; /* C1 */
	if (size != 3 || at[0] != 0xe2)
		return false;
	/* U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F: separators, marks and overrides of direction */
	return (at[1] == 0x80 &&
	        ((at[2] >= 0x8b && at[2] <= 0x8f) || (at[2] >= 0xa8 && at[2] <= 0xae))) ||
	       (at[1] == 0x81 && at[2] >= 0xa0 && at[2] <= 0xaf);
}

static void
add_escaped(NachetText *text, const char *bytes, size_t length, const char *special)
{
	for (size_t at = 0; at < length;)
	{
		size_t size = character_length(bytes + at, length - at);
		bool plain = size > 0 && !is_hidden(bytes + at, size) &&
		             (size > 1 || strchr(special, bytes[at]) == NULL);

		if (size == 0)
			size = 1;
		if (plain)
			nachet_text_add(text, bytes + at, size);
		else
		{
			for (size_t i = 0; i < size; i++)
				nachet_text_format(text, "\\x%02x", (unsigned char) bytes[at + i]);
		}
		at += size;
	}
}

void
nachet_text_visible(NachetText *text, const char *bytes, size_t length)
{
	add_escaped(text, bytes, length, "");
}

void
nachet_text_token(NachetText *text, const char *bytes, size_t length)
{
	add_escaped(text, bytes, length, " \"\\");
}

void
nachet_text_free(NachetText *text)
{
	free(text->bytes);
	memset(text, 0, sizeof(*text));
}

/*
 * loader/client/text.c
 *		Text that grows, and strings as JSON writes them (RFC 8259).
 *
 * A failure is remembered and asked for once, at the end, so that the callers need no test a line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/client/visible.h"
#include "loader/client/text.h"

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

void
nachet_text_json(NachetText *text, const char *bytes, size_t length)
{
	size_t size;
	uint32_t code;

	nachet_text_add(text, "\"", 1);
	for (size_t at = 0; at < length; at += size)
	{
		NachetLook look = nachet_look(bytes + at, length - at, &size, &code);

		if (look == NACHET_LOOK_INVALID)
			nachet_text_add(text, "\xef\xbf\xbd", 3);
		else if (look == NACHET_LOOK_CONTROL)
			nachet_text_format(text, "\\u%04x", code);
		else if (bytes[at] == '"' || bytes[at] == '\\')
			nachet_text_format(text, "\\%c", bytes[at]);
		else
			nachet_text_add(text, bytes + at, size);
	}
	nachet_text_add(text, "\"", 1);
}

static void
add_escaped(NachetText *text, const char *bytes, size_t length, const char *special)
{
	size_t size;
	uint32_t code;

	for (size_t at = 0; at < length; at += size)
	{
		NachetLook look = nachet_look(bytes + at, length - at, &size, &code);

		if (look == NACHET_LOOK_PLAIN && (size > 1 || strchr(special, bytes[at]) == NULL))
			nachet_text_add(text, bytes + at, size);
		else
		{
			for (size_t i = 0; i < size; i++)
				nachet_text_format(text, "\\x%02x", (unsigned char) bytes[at + i]);
		}
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

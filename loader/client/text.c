/*
 * loader/client/text.c
 *		Text that grows, text of others made visible, and strings as JSON writes them (RFC 8259).
 *
 * A failure is remembered and asked for once, at the end, so that the callers need no test a line.
 * Of visible text nothing acts on a terminal or in a log, hides or turns around. A backslash stays
 * as it is, so that the same text may pass through here twice. So do blanks other than the space,
 * which translated messages have.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pure/characters.h"
#include "pure/names.h"
#include "loader/client/text.h"

#define FIRST_CAPACITY 256

#define LINE_SEPARATOR      0x2028
#define PARAGRAPH_SEPARATOR 0x2029

/* --- growing ---------------------------------------------------------------------------------- */

bool
nachet_text_grow(void *block, size_t *capacity, size_t needed, size_t size)
{
	size_t grown = *capacity > 0 ? *capacity : FIRST_CAPACITY;
	void *items;
	void *larger;

	if (needed <= *capacity)
		return true;
	while (grown < needed)
		grown *= 2;
	memcpy(&items, block, sizeof(items));
	larger = reallocarray(items, grown, size);
	if (larger == NULL)
		return false;
	memcpy(block, &larger, sizeof(larger));
	*capacity = grown;
	return true;
}

/* Makes room for so many bytes more, and a NUL. */
static bool
reserve(NachetText *text, size_t length)
{
	if (!text->failed &&
	    nachet_text_grow(&text->bytes, &text->capacity, text->length + length + 1, 1))
		return true;
	nachet_text_free(text);
	text->failed = true;
	return false;
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
nachet_text_free(NachetText *text)
{
	free(text->bytes);
	memset(text, 0, sizeof(*text));
}

size_t
nachet_text_kept(const char *bytes, size_t length, size_t maximum)
{
	size_t kept = length < maximum ? length : maximum;

	while (kept < length && kept > 0 && ((unsigned char) bytes[kept] & 0xc0) == 0x80)
		kept--;
	return kept;
}

/* --- what is not seen ------------------------------------------------------------------------- */

typedef enum Look
{
	LOOK_PLAIN,
	LOOK_HIDDEN,  /* is not seen, or turns the direction of writing, or breaks the line */
	LOOK_CONTROL, /* C0, DEL and C1 */
	LOOK_INVALID  /* a byte that begins no valid UTF-8 */
} Look;

/* How the character at the start looks, its length and its code point, or the invalid byte. */
static Look
look_at(const char *bytes, size_t length, size_t *size, uint32_t *code)
{
	for (*size = 1; *size <= 4 && *size <= length; ++*size)
	{
		NachetCharacter kind;
		size_t at = 0;

		if (!nachet_utf8_valid(bytes, *size))
			continue;
		*code = nachet_utf8_next(bytes, &at);
		kind = nachet_character_kind(*code);
		if (kind == NACHET_CHARACTER_CONTROL)
			return LOOK_CONTROL;
		if (kind == NACHET_CHARACTER_INVISIBLE || *code == LINE_SEPARATOR ||
		    *code == PARAGRAPH_SEPARATOR)
			return LOOK_HIDDEN;
		return LOOK_PLAIN;
	}
	*size = 1;
	*code = (unsigned char) bytes[0];
	return LOOK_INVALID;
}

/* Adds the bytes of ASCII at the start that are plain and not special; how many these are. */
static size_t
add_plain(NachetText *text, const char *bytes, size_t length, const char *special)
{
	size_t plain = 0;

	while (plain < length && bytes[plain] >= 0x20 && bytes[plain] < 0x7f &&
	       strchr(special, bytes[plain]) == NULL)
		plain++;
	if (plain > 0)
		nachet_text_add(text, bytes, plain);
	return plain;
}

static bool
is_kept(Look look, uint32_t code, int keep)
{
	return look == LOOK_PLAIN || (code == '\n' && (keep & NACHET_VISIBLE_LINES) != 0) ||
	       (look == LOOK_HIDDEN && (keep & NACHET_VISIBLE_HIDDEN) != 0);
}

static void
add_visible(NachetText *text, const char *bytes, size_t length, int keep, const char *special)
{
	size_t size;
	uint32_t code;

	for (size_t at = 0; (at += add_plain(text, bytes + at, length - at, special)) < length;
	     at += size)
	{
		Look look = look_at(bytes + at, length - at, &size, &code);

		/* libpq indents its second lines by a tab. */
		if (code == '\t' && at > 0 && bytes[at - 1] == '\n' && (keep & NACHET_VISIBLE_LINES) != 0)
			continue;
		if (is_kept(look, code, keep) && (code >= 0x80 || strchr(special, (int) code) == NULL))
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
	add_visible(text, bytes, length, 0, "");
}

void
nachet_text_token(NachetText *text, const char *bytes, size_t length)
{
	add_visible(text, bytes, length, 0, " \"\\");
}

char *
nachet_visible(const char *bytes, size_t length, int keep)
{
	NachetText text = {0};

	nachet_text_add(&text, "", 0);
	add_visible(&text, bytes, length, keep, "");
	return text.bytes;
}

/* --- JSON ------------------------------------------------------------------------------------- */

void
nachet_text_json(NachetText *text, const char *bytes, size_t length)
{
	size_t size;
	uint32_t code;

	nachet_text_add(text, "\"", 1);
	for (size_t at = 0; (at += add_plain(text, bytes + at, length - at, "\"\\")) < length;
	     at += size)
	{
		Look look = look_at(bytes + at, length - at, &size, &code);

		if (look == LOOK_INVALID)
			nachet_text_add(text, "\xef\xbf\xbd", 3);
		else if (code == '"' || code == '\\')
			nachet_text_format(text, "\\%c", (char) code);
		else if (look == LOOK_PLAIN)
			nachet_text_add(text, bytes + at, size);
		else if (code > 0xffff) /* two surrogates */
			nachet_text_format(text, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd7c0 + (code >> 10),
			                   0xdc00 + (code & 0x3ff));
		else
			nachet_text_format(text, "\\u%04" PRIx32, code);
	}
	nachet_text_add(text, "\"", 1);
}

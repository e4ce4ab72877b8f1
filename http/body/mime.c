/*
 * http/body/mime.c
 *		The grammar that header values share: tokens, and parameters such as name="value".
 *
 * Rule: nothing is skipped that the grammar does not name, and where a quoted string ends never
 * depends on how one reads backslashes. RFC 822 and its heirs escape with them; browsers, and curl
 * since 7.81, send them as they are and write %22 for a quote. So "a\b" is taken as sent, whereas
 * \" and \\ would mean two different things to the two schools, and are refused. Empty parameters
 * (";;", or a semicolon at the end) are refused: no known client sends them.
 */
#include <string.h>

#include "http/body/mime.h"

static bool
is_token_byte(unsigned char byte)
{
	if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	    (byte >= '0' && byte <= '9'))
		return true;
	return byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
}

size_t
nachet_mime_token_length(const char *bytes, size_t length)
{
	size_t count = 0;

	while (count < length && is_token_byte((unsigned char) bytes[count]))
		count++;
	return count;
}

bool
nachet_mime_is_token(const char *bytes, size_t length)
{
	return length > 0 && nachet_mime_token_length(bytes, length) == length;
}

bool
nachet_mime_is(NachetMimeText text, const char *word)
{
	if (text.length != strlen(word))
		return false;
	for (size_t i = 0; i < text.length; i++)
	{
		char byte = text.bytes[i];

		if (byte >= 'A' && byte <= 'Z')
			byte = (char) (byte - 'A' + 'a');
		if (byte != word[i])
			return false;
	}
	return true;
}

bool
nachet_mime_read_token(NachetMimeCursor *cursor, NachetMimeText *token)
{
	token->bytes = cursor->at;
	token->length = nachet_mime_token_length(cursor->at, (size_t) (cursor->end - cursor->at));
	cursor->at += token->length;
	return token->length > 0;
}

bool
nachet_mime_read_type(NachetMimeCursor *cursor, NachetMimeText *type, NachetMimeText *subtype)
{
	if (!nachet_mime_read_token(cursor, type) || cursor->at >= cursor->end || *cursor->at != '/')
		return false;
	cursor->at++;
	return nachet_mime_read_token(cursor, subtype);
}

static void
skip_blanks(NachetMimeCursor *cursor)
{
	while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
		cursor->at++;
}

/* Read a quoted string whose opening quote was read already, with its closing quote. */
static NachetMimeStep
read_quoted(NachetMimeCursor *cursor, NachetMimeText *value)
{
	value->bytes = cursor->at;
	for (; cursor->at < cursor->end; cursor->at++)
	{
		unsigned char byte = (unsigned char) *cursor->at;

		if (byte == '"')
		{
			value->length = (size_t) (cursor->at - value->bytes);
			cursor->at++;
			return NACHET_MIME_PARAMETER;
		}
		if (byte == '\\' && cursor->end - cursor->at > 1 &&
		    (cursor->at[1] == '"' || cursor->at[1] == '\\'))
			return NACHET_MIME_AMBIGUOUS;
		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return NACHET_MIME_MALFORMED;
	}
	return NACHET_MIME_MALFORMED;
}

NachetMimeStep
nachet_mime_read_parameter(NachetMimeCursor *cursor, NachetMimeText *name, NachetMimeText *value)
{
	skip_blanks(cursor);
	if (cursor->at >= cursor->end)
		return NACHET_MIME_END;
	if (*cursor->at != ';')
		return NACHET_MIME_NO_SEMICOLON;
	cursor->at++;
	skip_blanks(cursor);
	if (!nachet_mime_read_token(cursor, name) || cursor->at >= cursor->end || *cursor->at != '=')
		return NACHET_MIME_MALFORMED;
	cursor->at++;
	if (cursor->at < cursor->end && *cursor->at == '"')
	{
		cursor->at++;
		return read_quoted(cursor, value);
	}
	return nachet_mime_read_token(cursor, value) ? NACHET_MIME_PARAMETER : NACHET_MIME_MALFORMED;
}

bool
nachet_mime_type_is_json(const char *content_type)
{
	NachetMimeCursor cursor;
	NachetMimeText type;
	NachetMimeText subtype;
	NachetMimeText name;
	NachetMimeText value;
	NachetMimeStep step;

	if (content_type == NULL)
		return false;
	cursor.at = content_type;
	cursor.end = content_type + strlen(content_type);
	if (!nachet_mime_read_type(&cursor, &type, &subtype) || !nachet_mime_is(type, "application") ||
	    !nachet_mime_is(subtype, "json"))
		return false;
	while ((step = nachet_mime_read_parameter(&cursor, &name, &value)) == NACHET_MIME_PARAMETER)
	{
		if (!nachet_mime_is(name, "charset") || !nachet_mime_is(value, "utf-8"))
			return false;
	}
	return step == NACHET_MIME_END;
}

/*
 * http/body/multipart.c
 *		A strict push parser of multipart/form-data bodies (RFC 7578, as browsers write them).
 *
 * Rule: each byte moves the state machine by itself, so slicing can't matter. Data is never copied:
 * what may be the beginning of a delimiter at a slice's end is, by definition, a beginning of the
 * delimiter, so its length is remembered and, if it proves to be data, the delimiter's own bytes
 * are handed on. CR is no boundary character, hence a delimiter holds one CR, its first byte: a
 * failed match never hides another one, and the search stays linear.
 *
 * Decisions, where the standards leave a choice or senders differ:
 * - A boundary may have NACHET_BOUNDARY_MAX bytes, more than RFC 2046 has: a longer one has no
 *   second reading, and programs for Java's HttpClient commonly take 256 random bits in decimal.
 * - The body begins with "--boundary". RFC 2046 allows a preamble; browsers and curl send none, and
 *   with one a wrong boundary would look like an empty form. Refused.
 * - After a boundary come "--", or blanks (at most NACHET_MULTIPART_PADDING_MAX) and CRLF. Anything
 *   else after it, as in "\r\n--boundaryX", is refused: RFC 2046 forbids such data, and readers
 *   differ on it. So is "--boundary" right after the empty line that ends a part's headers, or at
 *   the start of a header line.
 * - After "--boundary--": nothing but blanks and CRLFs, at most NACHET_MULTIPART_PADDING_MAX of
 *   them. Most clients send one CRLF, or none; form-data-encoder sends two. A body of only this is
 *   whole and has no part: that is how browsers send an empty form.
 * - Header lines end with CRLF; other control characters than tabs, bare CR or LF and folded lines
 *   are refused. A part has one Content-Disposition, form-data with one name and at most one
 *   filename, at most one Content-Type, well-formed and not multipart, and at most one
 *   Content-Transfer-Encoding, which changes nothing (RFC 7578, 4.7). Other headers are ignored, as
 *   RFC 7578, 4.8 has it; so are other parameters (RFC 2183, 2.8), except any with a "*" in its
 *   name: filename* is forbidden (RFC 7578, 4.2), and name*0 and the like are further spellings of
 *   the two. For the same reason boundary* is refused in the request's Content-Type.
 * - In name and filename %22, %0D and %0A are decoded and any other % is left, since browsers
 *   encode exactly those. curl 7.88 sends the file a"b.png as filename="a%22b.png", a\b.png as it
 *   is, and a%22b.png as it is too: the last can't be told from the first, which is WHATWG's loss,
 *   not ours. The file a\\b.png comes as it is from curl and browsers, whereas curl --form-escape,
 *   curl before 7.81 and RFC 822's other followers send a\b.png so, and a\"b.png for a"b.png: \\
 *   and \" are refused, because guessing would rename a file (mime.c). What names may hold is for
 *   others to say: "a\b" and line ends that were sent as %0D%0A are told as they are.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "http/body/mime.h"
#include "http/body/multipart.h"

#define DELIMITER_MAX (4 + NACHET_BOUNDARY_MAX)
#define LINE_END      2 /* bytes of CRLF, which each delimiter begins with */
#define SKIP_WORTH    4 /* a shorter skip costs more than a leap to the next CR */

_Static_assert(DELIMITER_MAX <= UCHAR_MAX, "a skip fits into a byte");

typedef enum State
{
	STATE_FIRST,       /* inside the boundary that begins the body */
	STATE_BOUNDARY,    /* right after a boundary */
	STATE_PADDING,     /* in the blanks after it */
	STATE_BOUNDARY_LF, /* after the CR that ends its line */
	STATE_CLOSING,     /* after a boundary and one "-" */
	STATE_CLOSED,      /* after the final boundary */
	STATE_CLOSED_LF,   /* after a CR behind it */
	STATE_HEADER,      /* in a header line */
	STATE_HEADER_LF,   /* after the CR that ends it */
	STATE_DATA         /* in a part's bytes; the only state that reads more than a byte */
} State;

struct NachetMultipart
{
	NachetMultipartCallbacks callbacks;
	void *context;
	NachetMultipartStatus status;
	const char *reason;
	State state;
	char delimiter[DELIMITER_MAX + 1]; /* CRLF "--" boundary */
	size_t delimiter_length;
	/* By a window's last byte: how far the window can move, 0 at a match */
	unsigned char skip[256];
	size_t matched;      /* length of the delimiter's beginning that the input ends with */
	size_t matched_from; /* how much of that beginning is no input: 2 if headers just ended */
	size_t padding;
	bool in_part; /* between part_begin and part_end */

	/* The headers of one part. The part's strings point into header. */
	NachetPart part;
	bool has_encoding;
	size_t line_count;
	size_t line_start;
	size_t header_length; /* bytes of header in use; a line's CRLF counts and is stored as NULs */
	char header[NACHET_MULTIPART_HEADER_MAX];
};

static void
fail(NachetMultipart *parser, NachetMultipartStatus status, const char *reason)
{
	parser->status = status;
	parser->reason = reason;
}

static void
malformed(NachetMultipart *parser, const char *reason)
{
	fail(parser, NACHET_MULTIPART_MALFORMED, reason);
}

/* bchars of RFC 2046, 5.1.1, the last no space. */
static bool
is_boundary(const char *bytes, size_t length)
{
	if (length == 0 || length > NACHET_BOUNDARY_MAX || bytes[length - 1] == ' ')
		return false;
	for (size_t i = 0; i < length; i++)
	{
		char byte = bytes[i];

		if (!(byte >= 'a' && byte <= 'z') && !(byte >= 'A' && byte <= 'Z') &&
		    !(byte >= '0' && byte <= '9') &&
		    (byte == '\0' || strchr("'()+_,-./:=? ", byte) == NULL))
			return false;
	}
	return true;
}

bool
nachet_multipart_boundary(const char *content_type, char boundary[NACHET_BOUNDARY_MAX + 1])
{
	NachetMimeCursor cursor;
	NachetMimeText type, subtype, name, value;
	NachetMimeText found = {NULL, 0};
	NachetMimeStep step;

	boundary[0] = '\0';
	if (content_type == NULL)
		return false;
	cursor = (NachetMimeCursor){content_type, content_type + strlen(content_type)};
	if (!nachet_mime_read_type(&cursor, &type, &subtype) || !nachet_mime_is(type, "multipart") ||
	    !nachet_mime_is(subtype, "form-data"))
		return false;
	while ((step = nachet_mime_read_parameter(&cursor, &name, &value)) == NACHET_MIME_PARAMETER)
	{
		if (memchr(name.bytes, '*', name.length) != NULL)
			return false;
		if (!nachet_mime_is(name, "boundary"))
			continue;
		if (found.bytes != NULL)
			return false;
		found = value;
	}
	if (step != NACHET_MIME_END || found.bytes == NULL || !is_boundary(found.bytes, found.length))
		return false;
	memcpy(boundary, found.bytes, found.length);
	boundary[found.length] = '\0';
	return true;
}

/* Horspool's table: the distance from a byte's last place in the delimiter to its end. */
static void
fill_skips(NachetMultipart *parser)
{
	size_t last = parser->delimiter_length - 1;

	memset(parser->skip, (int) parser->delimiter_length, sizeof(parser->skip));
	for (size_t i = 0; i <= last; i++)
		parser->skip[(unsigned char) parser->delimiter[i]] = (unsigned char) (last - i);
}

NachetMultipart *
nachet_multipart_create(const char *boundary, const NachetMultipartCallbacks *callbacks,
                        void *context)
{
	size_t length = strlen(boundary);
	NachetMultipart *parser;

	if (!is_boundary(boundary, length))
		return NULL;
	parser = calloc(1, sizeof(*parser));
	if (parser == NULL)
		return NULL;
	parser->callbacks = *callbacks;
	parser->context = context;
	parser->status = NACHET_MULTIPART_OK;
	parser->reason = "";
	parser->state = STATE_FIRST;
	memcpy(parser->delimiter, "\r\n--", 4);
	memcpy(parser->delimiter + 4, boundary, length + 1);
	parser->delimiter_length = 4 + length;
	parser->matched = LINE_END;
	fill_skips(parser);
	return parser;
}

void
nachet_multipart_free(NachetMultipart *parser)
{
	free(parser);
}

const char *
nachet_multipart_reason(const NachetMultipart *parser)
{
	return parser->reason;
}

/* Decode %22, %0D and %0A in place and end the string with a NUL; its new length. */
static size_t
decode_name(char *bytes, size_t length)
{
	size_t to = 0;

	for (size_t from = 0; from < length; from++, to++)
	{
		bytes[to] = bytes[from];
		if (bytes[from] != '%' || length - from < 3)
			continue;
		if (memcmp(bytes + from + 1, "22", 2) == 0)
			bytes[to] = '"';
		else if (bytes[from + 1] == '0' && (bytes[from + 2] == 'D' || bytes[from + 2] == 'd'))
			bytes[to] = '\r';
		else if (bytes[from + 1] == '0' && (bytes[from + 2] == 'A' || bytes[from + 2] == 'a'))
			bytes[to] = '\n';
		else
			continue;
		from += 2;
	}
	bytes[to] = '\0';
	return to;
}

/* Where a text of the header buffer begins, for writing. */
static char *
in_header(NachetMultipart *parser, NachetMimeText text)
{
	return parser->header + (text.bytes - parser->header);
}

/* Take one parameter of Content-Disposition into the two texts; false, having failed, if bad. */
static bool
take_parameter(NachetMultipart *parser, NachetMimeText name, NachetMimeText value,
               NachetMimeText *part_name, NachetMimeText *filename)
{
	NachetMimeText *place = NULL;

	if (memchr(name.bytes, '*', name.length) != NULL)
	{
		malformed(parser,
		          "A part's Content-Disposition has an extended parameter such as filename*, "
		          "which multipart/form-data forbids.");
		return false;
	}
	if (nachet_mime_is(name, "name"))
		place = part_name;
	else if (nachet_mime_is(name, "filename"))
		place = filename;
	if (place != NULL && place->bytes != NULL)
	{
		malformed(parser, "A part's Content-Disposition has two names or two file names.");
		return false;
	}
	if (place != NULL)
		*place = value;
	return true;
}

static void
read_disposition(NachetMultipart *parser, NachetMimeCursor cursor)
{
	NachetMimeText token, name, value;
	NachetMimeText part_name = {NULL, 0};
	NachetMimeText filename = {NULL, 0};
	NachetMimeStep step;

	if (parser->part.name != NULL)
	{
		malformed(parser, "A part has two Content-Disposition headers.");
		return;
	}
	if (!nachet_mime_read_token(&cursor, &token) || !nachet_mime_is(token, "form-data"))
	{
		malformed(parser, "A part's Content-Disposition is not form-data.");
		return;
	}
	while ((step = nachet_mime_read_parameter(&cursor, &name, &value)) == NACHET_MIME_PARAMETER)
	{
		if (!take_parameter(parser, name, value, &part_name, &filename))
			return;
	}
	if (step == NACHET_MIME_AMBIGUOUS)
		malformed(parser, "A part's Content-Disposition has a backslash before a quote or another "
		                  "backslash, which senders use in two meanings; quotes are sent as %22.");
	else if (step == NACHET_MIME_NO_SEMICOLON)
		malformed(parser, "A part's Content-Disposition is malformed: a value is not followed by a "
		                  "semicolon; quotes in values are sent as %22.");
	else if (step != NACHET_MIME_END)
		malformed(parser, "A part's Content-Disposition is malformed.");
	else if (part_name.bytes == NULL)
		malformed(parser, "A part's Content-Disposition has no name.");
	if (parser->status != NACHET_MULTIPART_OK)
		return;
	parser->part.name = part_name.bytes;
	parser->part.name_length = decode_name(in_header(parser, part_name), part_name.length);
	parser->part.filename = filename.bytes;
	if (filename.bytes != NULL)
		parser->part.filename_length = decode_name(in_header(parser, filename), filename.length);
}

static void
read_content_type(NachetMultipart *parser, NachetMimeCursor cursor)
{
	NachetMimeText whole = {cursor.at, (size_t) (cursor.end - cursor.at)};
	NachetMimeText type, subtype, name, value;
	NachetMimeStep step;

	if (parser->part.content_type != NULL)
	{
		malformed(parser, "A part has two Content-Type headers.");
		return;
	}
	if (!nachet_mime_read_type(&cursor, &type, &subtype))
	{
		malformed(parser, "A part's Content-Type is malformed.");
		return;
	}
	if (nachet_mime_is(type, "multipart"))
	{
		malformed(parser, "A part is itself multipart, which is not supported.");
		return;
	}
	do
		step = nachet_mime_read_parameter(&cursor, &name, &value);
	while (step == NACHET_MIME_PARAMETER);
	if (step != NACHET_MIME_END)
	{
		malformed(parser, "A part's Content-Type is malformed.");
		return;
	}
	in_header(parser, whole)[whole.length] = '\0';
	parser->part.content_type = whole.bytes;
}

static void
read_transfer_encoding(NachetMultipart *parser, NachetMimeCursor cursor)
{
	NachetMimeText whole = {cursor.at, (size_t) (cursor.end - cursor.at)};

	if (parser->has_encoding)
		malformed(parser, "A part has two Content-Transfer-Encoding headers.");
	else if (!nachet_mime_is(whole, "binary") && !nachet_mime_is(whole, "8bit") &&
	         !nachet_mime_is(whole, "7bit"))
		malformed(parser, "A part's Content-Transfer-Encoding is not binary, 8bit or 7bit.");
	parser->has_encoding = true;
}

/* A header line is whole: read it, and keep what the part needs. */
static void
read_header_line(NachetMultipart *parser)
{
	const char *line = parser->header + parser->line_start;
	size_t length = parser->header_length - parser->line_start;
	NachetMimeCursor cursor = {line, line + length};
	NachetMimeText name;

	if (length >= parser->delimiter_length - LINE_END &&
	    memcmp(line, parser->delimiter + LINE_END, parser->delimiter_length - LINE_END) == 0)
	{
		malformed(parser, "A boundary is among a part's header lines.");
		return;
	}
	if (!nachet_mime_read_token(&cursor, &name) || cursor.at >= cursor.end || *cursor.at != ':')
	{
		malformed(parser, "A part's header line is not of the form \"name: value\".");
		return;
	}
	cursor.at++;
	while (cursor.at < cursor.end && (*cursor.at == ' ' || *cursor.at == '\t'))
		cursor.at++;
	while (cursor.end > cursor.at && (cursor.end[-1] == ' ' || cursor.end[-1] == '\t'))
		cursor.end--;
	if (nachet_mime_is(name, "content-disposition"))
		read_disposition(parser, cursor);
	else if (nachet_mime_is(name, "content-type"))
		read_content_type(parser, cursor);
	else if (nachet_mime_is(name, "content-transfer-encoding"))
		read_transfer_encoding(parser, cursor);
}

/* A line of a part's headers has ended: take it, or, if it is empty, begin the part's data. */
static void
end_header_line(NachetMultipart *parser)
{
	if (parser->header_length > parser->line_start)
	{
		if (++parser->line_count > NACHET_MULTIPART_HEADER_LINES)
		{
			fail(parser, NACHET_MULTIPART_TOO_LARGE, "A part has too many header lines.");
			return;
		}
		read_header_line(parser);
		memset(parser->header + parser->header_length, '\0', LINE_END);
		parser->header_length += LINE_END;
		parser->line_start = parser->header_length;
		parser->state = STATE_HEADER;
		return;
	}
	if (parser->part.name == NULL)
	{
		malformed(parser, "A part has no Content-Disposition header.");
		return;
	}
	parser->in_part = true;
	parser->state = STATE_DATA;
	/* As if a line end had been read: a boundary here must be seen, to be refused. */
	parser->matched = LINE_END;
	parser->matched_from = LINE_END;
	if (!parser->callbacks.part_begin(parser->context, &parser->part))
		parser->status = NACHET_MULTIPART_STOPPED;
}

static void
step_header(NachetMultipart *parser, unsigned char byte)
{
	bool at_start = parser->header_length == parser->line_start;

	if (parser->state == STATE_HEADER_LF)
	{
		if (byte == '\n')
			end_header_line(parser);
		else
			malformed(parser, "A part's headers contain a CR that no LF follows.");
	}
	else if (byte == '\r')
		parser->state = STATE_HEADER_LF;
	else if ((byte < ' ' && byte != '\t') || byte == 0x7f)
		malformed(parser, "A part's headers contain a control character or a bare LF.");
	else if (at_start && (byte == ' ' || byte == '\t'))
		malformed(parser, "A part has a folded header line.");
	else if (parser->header_length >= NACHET_MULTIPART_HEADER_MAX - LINE_END)
		fail(parser, NACHET_MULTIPART_TOO_LARGE, "A part's headers are too large.");
	else
		parser->header[parser->header_length++] = (char) byte;
}

/* A boundary's line has ended as it must: so has the part before it. */
static void
end_part(NachetMultipart *parser, State next)
{
	parser->state = next;
	parser->part = (NachetPart){0};
	parser->has_encoding = false;
	parser->line_count = 0;
	parser->line_start = 0;
	parser->header_length = 0;
	if (parser->in_part && !parser->callbacks.part_end(parser->context))
		parser->status = NACHET_MULTIPART_STOPPED;
	parser->in_part = false;
}

/* Take a blank, or a line end's CR, after a boundary. */
static void
pad(NachetMultipart *parser, State next)
{
	parser->state = next;
	if (++parser->padding > NACHET_MULTIPART_PADDING_MAX)
		malformed(parser, "A boundary has too many blanks after it.");
}

static void
step_boundary(NachetMultipart *parser, unsigned char byte)
{
	bool blank = byte == ' ' || byte == '\t';

	if (parser->state == STATE_BOUNDARY_LF && byte == '\n')
		end_part(parser, STATE_HEADER);
	else if (parser->state == STATE_CLOSING && byte == '-')
		end_part(parser, STATE_CLOSED);
	else if (parser->state == STATE_BOUNDARY && byte == '-')
		parser->state = STATE_CLOSING;
	else if ((parser->state == STATE_BOUNDARY || parser->state == STATE_PADDING) && blank)
		pad(parser, STATE_PADDING);
	else if ((parser->state == STATE_BOUNDARY || parser->state == STATE_PADDING) && byte == '\r')
		parser->state = STATE_BOUNDARY_LF;
	else
		malformed(parser, "A boundary is followed by neither a line end nor \"--\".");
}

static void
step_epilogue(NachetMultipart *parser, unsigned char byte)
{
	if (parser->state == STATE_CLOSED && (byte == ' ' || byte == '\t'))
		pad(parser, STATE_CLOSED);
	else if (parser->state == STATE_CLOSED && byte == '\r')
		pad(parser, STATE_CLOSED_LF);
	else if (parser->state == STATE_CLOSED_LF && byte == '\n')
		parser->state = STATE_CLOSED;
	else
		malformed(parser, "There is data after the final boundary.");
}

/* A whole delimiter was read. */
static void
begin_boundary(NachetMultipart *parser)
{
	parser->state = STATE_BOUNDARY;
	parser->padding = 0;
	parser->matched = 0;
	if (parser->matched_from != 0)
		malformed(parser, "A boundary follows a part's headers without a line end before it.");
	parser->matched_from = 0;
}

static void
step_first(NachetMultipart *parser, unsigned char byte)
{
	if (byte != (unsigned char) parser->delimiter[parser->matched])
		malformed(parser, "The body does not begin with the boundary that Content-Type names.");
	else if (++parser->matched >= parser->delimiter_length)
		begin_boundary(parser);
}

static void
step(NachetMultipart *parser, unsigned char byte)
{
	switch (parser->state)
	{
		case STATE_FIRST:
			step_first(parser, byte);
			break;
		case STATE_BOUNDARY:
		case STATE_PADDING:
		case STATE_BOUNDARY_LF:
		case STATE_CLOSING:
			step_boundary(parser, byte);
			break;
		case STATE_CLOSED:
		case STATE_CLOSED_LF:
			step_epilogue(parser, byte);
			break;
		case STATE_HEADER:
		case STATE_HEADER_LF:
			step_header(parser, byte);
			break;
		case STATE_DATA:
			break; /* read_data's */
	}
}

/*
 * The first whole delimiter, or NULL. Skips by the last byte of the window if that leads far, and
 * from CR to CR if it doesn't, so that no data makes it crawl.
 */
static const char *
find_delimiter(const NachetMultipart *parser, const char *at, const char *end)
{
	size_t length = parser->delimiter_length;

	while ((size_t) (end - at) >= length)
	{
		size_t skip = parser->skip[(unsigned char) at[length - 1]];

		if (skip >= SKIP_WORTH)
		{
			at += skip;
			continue;
		}
		at = memchr(at, '\r', (size_t) (end - at) - length + 1);
		if (at == NULL)
			return NULL;
		if (memcmp(at, parser->delimiter, length) == 0)
			return at;
		at++;
	}
	return NULL;
}

/* Where a beginning of the delimiter starts that the slice ends with; end if there is none. */
static const char *
find_beginning(const NachetMultipart *parser, const char *at, const char *end)
{
	if ((size_t) (end - at) >= parser->delimiter_length)
		at = end - parser->delimiter_length + 1;
	while (at < end && (at = memchr(at, '\r', (size_t) (end - at))) != NULL)
	{
		if (memcmp(at, parser->delimiter, (size_t) (end - at)) == 0)
			return at;
		at++;
	}
	return end;
}

/* Hand data on; false if that was refused. */
static bool
deliver(NachetMultipart *parser, const char *bytes, size_t length)
{
	if (length > 0 && !parser->callbacks.part_data(parser->context, bytes, length))
		parser->status = NACHET_MULTIPART_STOPPED;
	return parser->status == NACHET_MULTIPART_OK;
}

/* Read data up to a delimiter's end or the slice's; where it stopped. */
static const char *
read_data(NachetMultipart *parser, const char *at, const char *end)
{
	const char *found;

	if (parser->matched > 0)
	{
		size_t from = parser->matched_from;
		size_t matched = parser->matched;

		while (at < end && matched < parser->delimiter_length && *at == parser->delimiter[matched])
		{
			at++;
			matched++;
		}
		parser->matched = matched;
		if (matched >= parser->delimiter_length)
		{
			begin_boundary(parser);
			return at;
		}
		if (at >= end)
			return at;
		parser->matched = 0;
		parser->matched_from = 0;
		if (!deliver(parser, parser->delimiter + from, matched - from))
			return at;
	}
	found = find_delimiter(parser, at, end);
	if (found != NULL)
	{
		if (deliver(parser, at, (size_t) (found - at)))
			begin_boundary(parser);
		return found + parser->delimiter_length;
	}
	found = find_beginning(parser, at, end);
	if (deliver(parser, at, (size_t) (found - at)))
		parser->matched = (size_t) (end - found);
	return end;
}

NachetMultipartStatus
nachet_multipart_feed(NachetMultipart *parser, const void *bytes, size_t length)
{
	const char *at = bytes;
	const char *end;

	if (length == 0)
		return parser->status;
	end = at + length;
	while (at < end && parser->status == NACHET_MULTIPART_OK)
	{
		if (parser->state == STATE_DATA)
			at = read_data(parser, at, end);
		else
			step(parser, (unsigned char) *at++);
	}
	return parser->status;
}

NachetMultipartStatus
nachet_multipart_finish(NachetMultipart *parser)
{
	if (parser->status == NACHET_MULTIPART_OK && parser->state != STATE_CLOSED)
		malformed(parser, parser->state == STATE_CLOSED_LF
		                      ? "The body ends within a line end after the final boundary."
		                      : "The body ends before the final boundary.");
	return parser->status;
}

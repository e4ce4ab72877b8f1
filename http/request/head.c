/*
 * http/request/head.c
 *		Whether a request's head can be read in one way only.
 *
 * A proxy before the service and the service itself must see the same requests in the same bytes,
 * or a client can hide a request in another one. libmicrohttpd before 0.9.77 ends the headers at a
 * line that begins with a colon or a NUL, cuts names and values at a NUL, and takes LF for a line
 * end. It tells nothing of that, but its texts are the bytes as they were received, with NULs in
 * place of separators. So the texts must lie side by side, parted by exactly the separators that
 * are allowed, from the method to the empty line; whatever was cut off, skipped or moved leaves a
 * gap, unless it is as long as what it stands for: NUL and LF, or colon and LF, become two NULs as
 * CR and LF do. So the lines are also looked at as they came, when only the request line was read;
 * if they were not all there, nothing may follow the request. Newer versions refuse all of this
 * themselves, and keep their texts otherwise.
 *
 * Before the request line, lines that are empty or begin with a NUL are skipped, also if they end
 * with LF alone; of that nothing is seen here. It hides no request: what a proxy takes for the
 * headers of a request line that begins with a NUL is then read as a request line, but a header
 * line has its colon in its first word, and a method has none, so that it is refused and ends the
 * connection.
 *
 * A header that may come once and comes twice is refused whatever it says: whoever was before us
 * may have believed the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <microhttpd.h>

#include "http/body/mime.h"
#include "http/request/head.h"
#include "http/request/request.h"
#include "http/request/respond.h"

#define LINE_END       2 /* CRLF */
#define VERSION_LENGTH 8 /* HTTP/1.1; libmicrohttpd takes no other length */

/* A longer head is not looked at. Never beyond libmicrohttpd's buffer, half of its memory. */
#define PLAIN_BYTES (16 * 1024)

/*
 * Since 0.9.77 libmicrohttpd can be told to refuse line ends without CR, folded lines and blanks in
 * a request's target. At level 1 it stays within what HTTP demands of a server. The version is that
 * of the library that runs, which may be newer than the headers.
 */
#if MHD_VERSION < 0x00097701
#define MHD_OPTION_CLIENT_DISCIPLINE_LVL ((enum MHD_OPTION) 38)
#endif

#define DISCIPLINE 1

bool
nachet_head_library_is_strict(void)
{
	int major = 0;
	int minor = 0;
	int patch = 0;

	(void) sscanf(MHD_get_version(), "%d.%d.%d", &major, &minor, &patch);
	return major > 0 || minor > 9 || patch >= 77;
}

struct MHD_OptionItem
nachet_head_discipline(void)
{
	struct MHD_OptionItem item = {MHD_OPTION_END, 0, NULL};

	if (nachet_head_library_is_strict())
		item = (struct MHD_OptionItem){MHD_OPTION_CLIENT_DISCIPLINE_LVL, DISCIPLINE, NULL};
	return item;
}

/* --- the lines -------------------------------------------------------------------------------- */

/* Where the next header line must begin, as long as all lines so far were in place. */
typedef struct Walk
{
	const char *at; /* NULL after one that was not */
	const char *end;
} Walk;

static bool
is_target(const char *text)
{
	while ((unsigned char) *text > ' ' && *text != 0x7f)
		text++;
	return *text == '\0';
}

static enum MHD_Result
step_over_line(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
               const char *value, size_t value_size)
{
	Walk *walk = context;
	const char *at = walk->at;

	(void) kind;
	if (at == NULL)
		return MHD_NO;
	walk->at = NULL;
	if (name != at)
		return MHD_NO;
	at += name_size + 1;
	while (at < walk->end && at != value && (*at == ' ' || *at == '\t'))
		at++;
	if (at != value)
		return MHD_NO;
	walk->at = value + value_size + LINE_END;
	return MHD_YES;
}

/* Whether the texts are all that was received. */
static bool
is_gapless(const NachetRequest *request, const char *url, const char *method, const char *version)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	Walk walk = {NULL, NULL};

	if (info == NULL || url != method + strlen(method) + 1 ||
	    version != url + request->target_length + 1)
		return false;
	walk.at = version + VERSION_LENGTH + LINE_END;
	walk.end = method + info->header_size;
	(void) MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, step_over_line, &walk);
	return walk.at != NULL && walk.at + LINE_END == walk.end;
}

bool
nachet_head_is_plain(const char *target)
{
	const char *at = target + strlen(target) + 1 + VERSION_LENGTH + LINE_END;
	const char *end = at + PLAIN_BYTES;

	while (at < end && *at != '\r')
	{
		at += nachet_mime_token_length(at, (size_t) (end - at));
		if (*at != ':')
			return false;
		while (at < end && (*at == '\t' || ((unsigned char) *at >= ' ' && *at != 0x7f)))
			at++;
		if (at[0] != '\r' || at[1] != '\n')
			return false;
		at += LINE_END;
	}
	return at < end && at[0] == '\r' && at[1] == '\n';
}

void
nachet_head_check(NachetRequest *request, const char *url, const char *method, const char *version)
{
	if (!nachet_mime_is_token(method, strlen(method)) || !is_target(url))
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST, "The request line is malformed.");
	else if (!nachet_head_library_is_strict() && !is_gapless(request, url, method, version))
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST,
		                       "The request line or a header line is malformed: each must end with "
		                       "CRLF, contain no NUL and not be folded.");
}

/* --- the headers ------------------------------------------------------------------------------ */

static const char *const header_names[NACHET_HEADER_COUNT] = {
    [NACHET_HEADER_HOST] = "Host",
    [NACHET_HEADER_ORIGIN] = "Origin",
    [NACHET_HEADER_CONTENT_LENGTH] = "Content-Length",
    [NACHET_HEADER_TRANSFER_ENCODING] = "Transfer-Encoding",
    [NACHET_HEADER_CONTENT_TYPE] = "Content-Type",
    [NACHET_HEADER_CONTENT_ENCODING] = "Content-Encoding",
    [NACHET_HEADER_EXPECT] = "Expect",
    [NACHET_HEADER_AUTHORIZATION] = "Authorization",
    [NACHET_HEADER_COOKIE] = "Cookie",
    [NACHET_HEADER_SEC_FETCH_SITE] = "Sec-Fetch-Site",
    [NACHET_HEADER_ACCESS_CONTROL_REQUEST_METHOD] = "Access-Control-Request-Method",
};

static bool
has_control(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		if (((unsigned char) bytes[i] < ' ' && bytes[i] != '\t') || bytes[i] == 0x7f)
			return true;
	}
	return false;
}

static enum MHD_Result
collect_header(void *context, enum MHD_ValueKind kind, const char *key, size_t key_size,
               const char *value, size_t value_size)
{
	NachetHeaders *headers = context;

	(void) kind;
	if (value == NULL)
		value = "";
	if (has_control(value, value_size))
		headers->has_control = true;
	/* A name with anything else, a blank above all, has been read differently by others. */
	if (!nachet_mime_is_token(key, key_size))
		headers->has_bad_name = true;
	for (int i = 0; i < NACHET_HEADER_COUNT; i++)
	{
		if (strcasecmp(key, header_names[i]) != 0)
			continue;
		if (headers->value[i] != NULL)
			headers->repeated = header_names[i];
		headers->value[i] = value;
	}
	return MHD_YES;
}

void
nachet_head_read(NachetHeaders *headers, struct MHD_Connection *connection)
{
	memset(headers, 0, sizeof(*headers));
	(void) MHD_get_connection_values_n(connection, MHD_HEADER_KIND, collect_header, headers);
}

void
nachet_head_check_framing(NachetRequest *request, const NachetHeaders *headers, const char *version)
{
	const char *length = headers->value[NACHET_HEADER_CONTENT_LENGTH];
	const char *coding = headers->value[NACHET_HEADER_TRANSFER_ENCODING];

	if (headers->has_control)
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST,
		                       "A header contains a control character.");
	else if (headers->has_bad_name)
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST, "A header has a malformed name.");
	else if (headers->repeated != NULL)
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST, "The header %s is given twice.",
		                       headers->repeated);
	else if (length != NULL && coding != NULL)
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST,
		                       "Content-Length and Transfer-Encoding contradict each other.");
	else if (coding != NULL && strcmp(version, MHD_HTTP_VERSION_1_0) == 0)
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST,
		                       "HTTP/1.0 does not allow Transfer-Encoding.");
	else if (coding != NULL && strcasecmp(coding, "chunked") != 0)
		nachet_respond_problem(request, MHD_HTTP_NOT_IMPLEMENTED,
		                       "The only supported transfer coding is chunked.");
	else if (length != NULL && (*length == '\0' || strlen(length) > 18 ||
	                            length[strspn(length, "0123456789")] != '\0'))
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST, "Content-Length is not a number.");
	else if (coding != NULL)
		request->body_length = NACHET_REQUEST_CHUNKED;
	else if (length != NULL)
		request->body_length = strtoull(length, NULL, 10);
}

/*
 * http/request/headers.c
 *		The headers that a request may hold at most once, and that mean something here.
 *
 * One that comes twice is refused whatever it says: who was before us may have believed the other.
 */
#include <string.h>
#include <strings.h>
#include <microhttpd.h>

#include "http/body/mime.h"
#include "http/request/headers.h"

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
nachet_headers_read(NachetHeaders *headers, struct MHD_Connection *connection)
{
	memset(headers, 0, sizeof(*headers));
	(void) MHD_get_connection_values_n(connection, MHD_HEADER_KIND, collect_header, headers);
}

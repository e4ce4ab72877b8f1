#ifndef NACHET_HTTP_HEADERS_H
#define NACHET_HTTP_HEADERS_H

#include <stdbool.h>

struct MHD_Connection;

typedef enum NachetHeader
{
	NACHET_HEADER_HOST,
	NACHET_HEADER_ORIGIN,
	NACHET_HEADER_CONTENT_LENGTH,
	NACHET_HEADER_TRANSFER_ENCODING,
	NACHET_HEADER_CONTENT_TYPE,
	NACHET_HEADER_CONTENT_ENCODING,
	NACHET_HEADER_EXPECT,
	NACHET_HEADER_AUTHORIZATION,
	NACHET_HEADER_COOKIE,
	NACHET_HEADER_SEC_FETCH_SITE,
	NACHET_HEADER_ACCESS_CONTROL_REQUEST_METHOD,
	NACHET_HEADER_COUNT
} NachetHeader;

/* The values are libmicrohttpd's, and live as long as the request. */
typedef struct NachetHeaders
{
	const char *value[NACHET_HEADER_COUNT]; /* NULL if there is none */
	const char *repeated;                   /* the name of one that came twice */
	bool has_control;
	bool has_bad_name;
} NachetHeaders;

extern void nachet_headers_read(NachetHeaders *headers, struct MHD_Connection *connection);

#endif

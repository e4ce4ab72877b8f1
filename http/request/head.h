#ifndef NACHET_HTTP_REQUEST_HEAD_H
#define NACHET_HTTP_REQUEST_HEAD_H

#include <stdbool.h>
#include <microhttpd.h>

typedef struct NachetRequest NachetRequest;

/* The headers that a request may hold at most once, and that mean something here. */
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

extern void nachet_head_read(NachetHeaders *headers, struct MHD_Connection *connection);

/*
 * Sets the request's answer, a 400, if its first line or its header lines leave any doubt of where
 * they end. The texts are libmicrohttpd's own, not copies.
 */
extern void nachet_head_check(NachetRequest *request, const char *url, const char *method,
                              const char *version);

/*
 * Where the body ends must be beyond doubt, or what follows could be taken for another request:
 * fills the request's body_length, or sets its answer.
 */
extern void nachet_head_check_framing(NachetRequest *request, const NachetHeaders *headers,
                                      const char *version);

/*
 * Whether all header lines are there and well-formed, when libmicrohttpd has read the request line
 * alone and gives its target.
 */
extern bool nachet_head_is_plain(const char *target);

/* Whether libmicrohttpd refuses by itself what may be read in two ways. */
extern bool nachet_head_library_is_strict(void);

/* The last option of a daemon: asks for that if the library can, and ends the list otherwise. */
extern struct MHD_OptionItem nachet_head_discipline(void);

#endif

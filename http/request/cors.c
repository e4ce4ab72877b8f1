/*
 * http/request/cors.c
 *		What browsers are told of pages from elsewhere (the Fetch standard's CORS protocol).
 *
 * A page of a listed origin may read every answer, refusals too, so that it can tell its user what
 * is wrong; that origin is named, never "*". Pages of other origins are told nothing. Which
 * requests are served at all is not decided here but in origin.c: a browser asks before some
 * requests, and sends others unasked.
 */
#include <string.h>
#include <microhttpd.h>

#include "http/options.h"
#include "http/request/cors.h"
#include "http/request/origin.h"
#include "http/request/request.h"
#include "http/request/route.h"
#include "http/shared.h"

/* Seconds that a browser may remember what it was told. */
#define MAX_AGE "600"

void
nachet_cors_begin(NachetRequest *request, const char *origin)
{
	if (origin != NULL && nachet_origin_listed(&request->server->options->origins, origin))
		request->cors_origin = origin;
}

bool
nachet_cors_is_preflight(const NachetRequest *request, const char *wanted_method)
{
	return strcmp(request->method, "OPTIONS") == 0 && request->cors_origin != NULL &&
	       wanted_method != NULL;
}

void
nachet_cors_add_preflight_headers(const NachetRequest *request)
{
	if (request->response == NULL)
		return;
	(void) MHD_add_response_header(request->response, "Access-Control-Allow-Methods",
	                               request->route->allow);
	(void) MHD_add_response_header(request->response, "Access-Control-Allow-Headers",
	                               "Content-Type, Authorization, X-Request-Id");
	(void) MHD_add_response_header(request->response, "Access-Control-Max-Age", MAX_AGE);
}

void
nachet_cors_add_headers(const NachetRequest *request, struct MHD_Response *response)
{
	const NachetHttpOptions *options = request->server->options;

	if (options->origins.allowed.count > 0)
		(void) MHD_add_response_header(response, "Vary", "Origin");
	if (request->cors_origin == NULL)
		return;
	(void) MHD_add_response_header(response, "Access-Control-Allow-Origin", request->cors_origin);
	(void) MHD_add_response_header(response, "Access-Control-Expose-Headers",
	                               "X-Request-Id, Retry-After, WWW-Authenticate");
	/* If cookies say who is there, the browser must be allowed to send them. */
	if (options->jwt_cookie != NULL || options->auth_kind == NACHET_AUTH_PROXY)
		(void) MHD_add_response_header(response, "Access-Control-Allow-Credentials", "true");
}

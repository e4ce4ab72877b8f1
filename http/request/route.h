/*
 * http/request/route.h
 *		What serves a path.
 */
#ifndef NACHET_HTTP_ROUTE_H
#define NACHET_HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct NachetHttpOptions NachetHttpOptions;
typedef struct NachetRequest NachetRequest;
typedef struct NachetRoute NachetRoute;

/*
 * A route's functions are called in this order by the connection's thread. Each may set the
 * request's answer, after which only finish is called.
 */
struct NachetRoute
{
	const char *path;
	const char *allow; /* the methods, as the Allow header lists them */
	bool open;         /* to those, too, who are not authenticated */
	bool any_query;    /* query parameters mean nothing here, and are ignored */

	/*
	 * For a path whose requests come in several forms: the route that serves this one, by its
	 * headers and its query parameters, which this function checks. If it sets the request's answer
	 * it returns the route that it was called for. NULL for a route of one form, which takes no
	 * parameters.
	 */
	const NachetRoute *(*choose)(NachetRequest *request);

	/* The maximum of a body, in bytes. */
	uint64_t (*body_limit)(const NachetHttpOptions *options);

	/* The headers are there; NULL if there is nothing to do. */
	void (*begin)(NachetRequest *request);

	/* Some bytes of the body, never above the limit. */
	void (*receive)(NachetRequest *request, const char *bytes, size_t length);

	/* The whole body was received: the answer is due. */
	void (*answer)(NachetRequest *request);

	/* Frees the route's state, whether there was an answer or not; NULL if it has none. */
	void (*finish)(NachetRequest *request);
};

extern const NachetRoute nachet_route_page;
extern const NachetRoute nachet_route_picture_form;
extern const NachetRoute nachet_route_batch_import;

#endif

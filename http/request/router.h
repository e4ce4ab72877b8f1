/*
 * http/request/router.h
 *		The routes: which path is served by what.
 */
#ifndef NACHET_HTTP_ROUTER_H
#define NACHET_HTTP_ROUTER_H

#include "http/request/request.h"

/*
 * A route's functions are called in this order by the connection's thread. Each may set the request's answer,
 * after which only finish is called.
 */
struct NachetRoute
{
	const char *path;
	const char *allow; /* the methods, as the Allow header lists them */
	bool open;         /* to those, too, who are not authenticated */

	bool any_query; /* query parameters mean nothing here, and are let pass */

	/*
	 * For a path whose requests come in several forms: the route that serves this one, by its headers and its
	 * query parameters, which are this function's to judge. Where it sets the request's answer it returns the
	 * route that it was called for. NULL for a route of one form, which takes no parameters.
	 */
	const NachetRoute *(*choose)(NachetRequest *request);

	/* The most bytes of a body. */
	uint64_t (*body_limit)(const NachetHttpOptions *options);

	/* The headers are there; NULL where there is nothing to do. */
	void (*begin)(NachetRequest *request);

	/* Some bytes of the body, never above the limit. */
	void (*receive)(NachetRequest *request, const char *bytes, size_t length);

	/* The whole body was received: the answer is due. */
	void (*answer)(NachetRequest *request);

	/* Frees the route's state, whether there was an answer or not; NULL where there is none. */
	void (*finish)(NachetRequest *request);
};

/* Routes, and one place for what is none. */
#define NACHET_ROUTES_MAX 8

extern const NachetRoute nachet_route_page;
extern const NachetRoute nachet_route_picture_form;
extern const NachetRoute nachet_route_batch_import;

/* The forms of /batch-import. */
extern const NachetRoute nachet_form_folder;
extern const NachetRoute nachet_form_stage;
extern const NachetRoute nachet_form_manifest;

/* NULL where nothing is served at this path. */
extern const NachetRoute *nachet_router_find(const char *path);

/* What logs and metrics call it: its path, or "other" for NULL. */
extern const char *nachet_router_name(const NachetRoute *route);

/* Its place among all routes, below NACHET_ROUTES_MAX; NULL's is the last. */
extern size_t nachet_router_index(const NachetRoute *route);

/* The route at a place; NULL from the last one on. */
extern const NachetRoute *nachet_router_at(size_t index);

/* HEAD goes with GET. */
extern bool nachet_router_allows(const NachetRoute *route, const char *method);

#endif

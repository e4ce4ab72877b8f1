/*
 * http/request/router.c
 *		The routes: which path is served by what.
 *
 * Paths are compared as they were sent, before any decoding: what a proxy before us has judged is
 * what is served.
 */
#include <string.h>

#include "http/request/route.h"
#include "http/request/router.h"
#include "http/routes/page.h"

static const NachetRoute *const routes[] = {
    &nachet_route_page, /* and its files, below /page/ */
    &nachet_route_picture_form,
    &nachet_route_batch_import,
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

_Static_assert(ROUTE_COUNT < NACHET_ROUTES_MAX, "more routes than there are places");

const NachetRoute *
nachet_router_find(const char *path)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++)
	{
		if (strcmp(routes[i]->path, path) == 0)
			return routes[i];
	}
	return nachet_page_find(path) != NULL ? &nachet_route_page : NULL;
}

bool
nachet_router_allows(const NachetRoute *route, const char *method)
{
	const char *at = route->allow;

	while (*at != '\0')
	{
		size_t length = strcspn(at, ",");

		if (strlen(method) == length && strncmp(at, method, length) == 0)
			return true;
		at += length;
		at += strspn(at, ", ");
	}
	return false;
}

size_t
nachet_router_index(const NachetRoute *route)
{
	size_t index = 0;

	/* A form's is that of its path. */
	while (index < ROUTE_COUNT && (route == NULL || strcmp(routes[index]->path, route->path) != 0))
		index++;
	return index;
}

const char *
nachet_router_name(size_t index)
{
	return index < ROUTE_COUNT ? routes[index]->path : "other";
}

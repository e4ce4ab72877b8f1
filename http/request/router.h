#ifndef NACHET_HTTP_ROUTER_H
#define NACHET_HTTP_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct NachetRoute NachetRoute;

/* Routes, and one place for requests without one. */
#define NACHET_ROUTES_MAX 8

/* NULL if nothing is served at this path. */
extern const NachetRoute *nachet_router_find(const char *path);

/* Its place among all routes, below NACHET_ROUTES_MAX; NULL's is the last. */
extern size_t nachet_router_index(const NachetRoute *route);

/* The name of the route at a place, in logs and metrics: its path; "other" for the last place. */
extern const char *nachet_router_name(size_t index);

/* HEAD goes with GET. */
extern bool nachet_router_allows(const NachetRoute *route, const char *method);

#endif

#ifndef NACHET_HTTP_CORS_H
#define NACHET_HTTP_CORS_H

#include <stdbool.h>

struct MHD_Response;
typedef struct NachetRequest NachetRequest;

/* Sets the request's cors_origin if this, or NULL, is a listed origin. */
extern void nachet_cors_begin(NachetRequest *request, const char *origin);

/* Whether a browser asks if it may send another request, of this method; NULL if there is none. */
extern bool nachet_cors_is_preflight(const NachetRequest *request, const char *wanted_method);

/* Answers it: adds which requests the route takes to the response. */
extern void nachet_cors_add_preflight_headers(const NachetRequest *request);

/* Lets the page read the answer. */
extern void nachet_cors_add_headers(const NachetRequest *request, struct MHD_Response *response);

#endif

/*
 * http/request/cors.h
 *		What browsers are told of pages from elsewhere (the Fetch standard's CORS protocol).
 */
#ifndef NACHET_HTTP_CORS_H
#define NACHET_HTTP_CORS_H

#include "http/request/headers.h"

/* Sets the request's cors_origin, where its page is of a listed origin. */
extern void nachet_cors_begin(NachetRequest *request, const NachetHeaders *headers);

/* Answers where the request asks on a browser's behalf whether another may be sent; its route is known. */
extern void nachet_cors_check_preflight(NachetRequest *request, const NachetHeaders *headers);

/* Lets the page read the answer. */
extern void nachet_cors_add_headers(const NachetRequest *request, struct MHD_Response *response);

#endif

/*
 * http/request/head.h
 *		Whether a request's head can be read in one way only.
 */
#ifndef NACHET_HTTP_REQUEST_HEAD_H
#define NACHET_HTTP_REQUEST_HEAD_H

#include "http/request/request.h"

/*
 * Sets the request's answer, a 400, if its first line or its header lines leave any doubt of where they end. The
 * texts are libmicrohttpd's own, not copies.
 */
extern void nachet_request_head_check(NachetRequest *request, const char *url, const char *method,
                                      const char *version);

/*
 * Whether all header lines are there and well-formed, when libmicrohttpd has read the request line alone and tells its
 * target.
 */
extern bool nachet_request_head_is_plain(const char *target);

#endif

#ifndef NACHET_HTTP_REQUEST_HEAD_H
#define NACHET_HTTP_REQUEST_HEAD_H

#include <stdbool.h>

typedef struct NachetHeaders NachetHeaders;
typedef struct NachetRequest NachetRequest;

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

#endif

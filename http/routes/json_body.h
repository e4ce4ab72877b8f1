#ifndef NACHET_HTTP_JSON_BODY_H
#define NACHET_HTTP_JSON_BODY_H

#include <stddef.h>

typedef struct NachetRequest NachetRequest;

/* A route's begin, receive and finish; the request's state is theirs. */
extern void nachet_json_body_begin(NachetRequest *request);
extern void nachet_json_body_receive(NachetRequest *request, const char *bytes, size_t length);
extern void nachet_json_body_finish(NachetRequest *request);

/*
 * The whole body, as a string of valid UTF-8, for as long as it takes to answer:
 * nachet_json_body_release gives its memory to the next. NULL if the request has its answer.
 */
extern const char *nachet_json_body_load(NachetRequest *request);
extern void nachet_json_body_release(NachetRequest *request);

#endif

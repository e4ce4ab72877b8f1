#ifndef NACHET_LOADER_SERVICE_CLIENT_H
#define NACHET_LOADER_SERVICE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loader/client/error.h"
#include "loader/client/text.h"
#include "loader/session.h"

/* One connection, kept from request to request; one thread at a time. */
typedef struct NachetServiceLine NachetServiceLine;

/* The body of a request: a text, or drawn as it is sent. */
typedef struct NachetServiceBody NachetServiceBody;
struct NachetServiceBody
{
	const char *type; /* for Content-Type */
	uint64_t length;
	const char *text; /* all of it; NULL: the functions draw it */
	void *owner;      /* what the two functions know it by */

	/* Back to the first byte. */
	void (*rewind)(NachetServiceBody *body);

	/* The next bytes, which stay until the next call; *length is 0 at the end. */
	bool (*next)(NachetServiceBody *body, const char **bytes, size_t *length, NachetError *error);
};

typedef struct NachetServiceAnswer
{
	long status;
	NachetText text;       /* the body */
	bool cut;              /* there was more of it than anything of ours is long */
	bool json;             /* it says that it is JSON */
	unsigned wait_seconds; /* Retry-After; 0 if there is none */
	char *location;        /* of a redirect; else NULL */
} NachetServiceAnswer;

/* For the whole process, before there are threads. False if libcurl can't. */
extern bool nachet_service_begin(void) __attribute__((warn_unused_result));

/* NULL if memory ran out. */
extern NachetServiceLine *nachet_service_connect(NachetSession *session);
extern void nachet_service_close(NachetServiceLine *line);

/*
 * POSTs to a path of the service; true if there is an answer, whatever it says, which the caller
 * clears. False, and *error filled, if there is none: unreachable and transient unless the body
 * itself failed or the run was interrupted.
 */
extern bool nachet_service_post(NachetServiceLine *line, const char *path, NachetServiceBody *body,
                                NachetServiceAnswer *answer, NachetError *error)
    __attribute__((warn_unused_result));
extern void nachet_service_answer_clear(NachetServiceAnswer *answer);

#endif

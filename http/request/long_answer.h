/*
 * http/request/long_answer.h
 *		An answer's bytes in the spool instead of in memory, for a client that may take them slowly.
 */
#ifndef NACHET_HTTP_LONG_ANSWER_H
#define NACHET_HTTP_LONG_ANSWER_H

#include <stddef.h>

struct MHD_Response;
typedef struct NachetSpool NachetSpool;

/* An answer up to this length may as well stay in memory. */
#define NACHET_LONG_ANSWER_BYTES ((size_t) 256 * 1024)

/* Copies the bytes. NULL where the spool or the memory has no room. */
extern struct MHD_Response *nachet_long_answer_create(NachetSpool *spool, const char *bytes,
                                                      size_t length);

#endif

/*
 * http/request/access_log.h
 *		The one line that each request leaves in the log.
 */
#ifndef NACHET_HTTP_ACCESS_LOG_H
#define NACHET_HTTP_ACCESS_LOG_H

#include <stdint.h>

typedef struct NachetRequest NachetRequest;

/* ending tells how the connection ended, where that was not in order; NULL where it was. */
extern void nachet_access_log(const NachetRequest *request, uint64_t microseconds,
                              const char *ending);

#endif

#ifndef NACHET_HTTP_ACCESS_LOG_H
#define NACHET_HTTP_ACCESS_LOG_H

#include <stdint.h>

typedef struct NachetRequest NachetRequest;

/* ending tells how the connection ended, if that was not in order; NULL if it was. */
extern void nachet_access_log_write(const NachetRequest *request, uint64_t microseconds,
                                    const char *ending);

#endif

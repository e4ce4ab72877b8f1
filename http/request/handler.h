#ifndef NACHET_HTTP_HANDLER_H
#define NACHET_HTTP_HANDLER_H

#include <stddef.h>
#include <microhttpd.h>

/* The context of each is the NachetServer. */
extern void *nachet_handler_announce(void *context, const char *uri,
                                     struct MHD_Connection *connection);
extern enum MHD_Result nachet_handler_handle(void *context, struct MHD_Connection *connection,
                                             const char *url, const char *method,
                                             const char *version, const char *bytes, size_t *length,
                                             void **state);
extern void nachet_handler_complete(void *context, struct MHD_Connection *connection, void **state,
                                    enum MHD_RequestTerminationCode code);

#endif

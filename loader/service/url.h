#ifndef NACHET_LOADER_SERVICE_URL_H
#define NACHET_LOADER_SERVICE_URL_H

#include <stdbool.h>

/* Why it is no address of a service, as a string that lives on; NULL if it is one. */
extern const char *nachet_service_url_flaw(const char *url);

/* Whether what is sent there can be read on the way: neither encrypted nor to this machine. */
extern bool nachet_service_url_is_open(const char *url);

/* Whether it is an address of this machine's own. */
extern bool nachet_service_url_is_loopback(const char *url);

#endif

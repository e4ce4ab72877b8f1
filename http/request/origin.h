#ifndef NACHET_HTTP_ORIGIN_H
#define NACHET_HTTP_ORIGIN_H

#include <stdbool.h>

#include "loader/client/option_table.h"

/* Which hosts are the service's own, and which origins its pages and others' may have. */
typedef struct NachetOriginRules
{
	NachetTexts server_names; /* what Host may hold beside the loopback names */
	NachetTexts allowed;      /* what Origin may hold beside the service's own */
	bool https_only;          /* pages at server_names are of https:// alone */
	bool tls;                 /* the service itself speaks TLS */
} NachetOriginRules;

/* Whether Host names this service: a loopback name or a --server-name, with any port or none. */
extern bool nachet_origin_host_allowed(const NachetOriginRules *rules, const char *host);

/*
 * The same for the operators' endpoints, which monitors call by address or by a name of their own
 * network: an address or a name without a dot will do too, since no page on the Internet has one.
 */
extern bool nachet_origin_operators_host_allowed(const NachetOriginRules *rules, const char *host);

/* The text after http:// or https://; NULL if it begins with neither. */
extern const char *nachet_origin_after_scheme(const char *text);

/* Whether a text can be a --server-name: a name as Host has it, without a port. */
extern bool nachet_origin_name_valid(const char *name);

/*
 * Whether a text is an origin as browsers write it: http:// or https://, a name, and maybe a port.
 */
extern bool nachet_origin_valid(const char *origin);

/* Whether it is one of --allow-origin. */
extern bool nachet_origin_listed(const NachetOriginRules *rules, const char *origin);

/* Whether a page of this origin may send requests: the service's own, or one of --allow-origin. */
extern bool nachet_origin_allowed(const NachetOriginRules *rules, const char *origin,
                                  const char *host);

#endif

/*
 * http/auth_options.h
 *		Whether the options on authentication and browsers go together.
 */
#ifndef NACHET_HTTP_AUTH_OPTIONS_H
#define NACHET_HTTP_AUTH_OPTIONS_H

#include "http/options.h"

/* Sets auth_kind; or complains, once. */
extern bool nachet_auth_options_check(NachetHttpOptions *options, const NachetOptionTable *table)
    __attribute__((warn_unused_result));

#endif

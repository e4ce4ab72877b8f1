/*
 * http/request/reason.h
 *		Why a request was refused, as the log may have it: without anything that its sender wrote.
 */
#ifndef NACHET_HTTP_REASON_H
#define NACHET_HTTP_REASON_H

#include "loader/client/error.h"

/* Of the sentence that the client is told. The caller frees it; NULL if memory runs out. */
extern char *nachet_reason_of_detail(const char *detail);

/* Of what the database refused, with its SQLSTATE. Likewise. */
extern char *nachet_reason_of_error(const NachetError *error);

#endif

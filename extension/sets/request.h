/*
 * extension/sets/request.h
 *		Who asks, and what: the JSON of a request as the service hands it on.
 */
#ifndef NACHET_REQUEST_H
#define NACHET_REQUEST_H

#include "fmgr.h"
#include "utils/jsonb.h"

/* The member of a manifest that lists its pictures; NACHET_DATA_MAX_BYTES bounds the others. */
#define NACHET_REQUEST_PICTURES "pictures"

/*
 * Argument 0 of a function (request jsonb, auth_email text). Raises 22004 for NULL, NC005 for no
 * object, and what nachet_json_size raises of all but the pictures.
 */
extern Jsonb *nachet_request_object(FunctionCallInfo fcinfo);

/*
 * The id of the user in whose name such a function is called, a uuid. Raises NC001, NC005, and NC007 where request
 * and authentication name different users. Needs an SPI connection.
 */
extern Datum nachet_request_user(FunctionCallInfo fcinfo, Jsonb *request);

#endif

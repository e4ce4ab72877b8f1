/*
 * loader/send/upload.h
 *		The two questions of an import: may this user import this, and make the set.
 */
#ifndef NACHET_LOADER_UPLOAD_H
#define NACHET_LOADER_UPLOAD_H

#include <stdbool.h>

#include "loader/client/error.h"
#include "loader/files/files.h"
#include "loader/session.h"
#include "loader/send/sink.h"

/* Asks whether user, seed and data are acceptable, before anything is read or sent. */
extern bool nachet_upload_ask(NachetSession *session, const NachetFiles *files, NachetError *error)
    __attribute__((warn_unused_result));

/*
 * Makes the set of a list whose contents are all stored, durably, and gives its id. With SQLSTATE NC004,
 * contents have been swept meanwhile.
 */
extern bool nachet_upload_set(NachetSession *session, const NachetFiles *files,
                              char set_id[NACHET_UUID_TEXT], NachetError *error)
    __attribute__((warn_unused_result));

#endif

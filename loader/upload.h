/*
 * loader/upload.h
 *		The two questions of an import: may this user import this, and make the set.
 */
#ifndef NACHET_LOADER_UPLOAD_H
#define NACHET_LOADER_UPLOAD_H

#include <stdbool.h>

#include "client/error.h"
#include "files.h"
#include "session.h"

#define NACHET_UUID_TEXT 37

/* Asks whether email, seed and data are acceptable, before anything is read or sent; gives the user's id. */
extern bool nachet_upload_ask(NachetSession *session, const NachetFiles *files,
                              char user_id[NACHET_UUID_TEXT], NachetError *error)
    __attribute__((warn_unused_result));

/*
 * Makes the set of a list whose contents are all stored, durably, and gives its id. Safe to repeat. With
 * SQLSTATE NC004, contents have been swept meanwhile.
 */
extern bool nachet_upload_set(NachetSession *session, const NachetFiles *files, const char *user_id,
                              char set_id[NACHET_UUID_TEXT], NachetError *error)
    __attribute__((warn_unused_result));

#endif

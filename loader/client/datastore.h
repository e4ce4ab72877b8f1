/*
 * loader/client/datastore.h
 *		The datastore's SQL functions as C calls over libpq.
 *
 * No rule of the datastore lives here: each call is one statement, and errors are PostgreSQL's own.
 */
#ifndef NACHET_CLIENT_DATASTORE_H
#define NACHET_CLIENT_DATASTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libpq-fe.h>

#include "loader/client/array.h"
#include "loader/client/error.h"
#include "loader/client/sha256.h"

/* The datastore's own SQLSTATEs that clients act on (extension/errcodes.h). */
#define NACHET_SQLSTATE_USER_NOT_REGISTERED "NC001"
#define NACHET_SQLSTATE_SEED_NOT_REGISTERED "NC002"
#define NACHET_SQLSTATE_NOT_A_PICTURE       "NC003"
#define NACHET_SQLSTATE_CONTENTS_MISSING    "NC004"
#define NACHET_SQLSTATE_BAD_DATA            "NC005"
#define NACHET_SQLSTATE_NOT_THE_USER        "NC007"

/* Whether a connection string holds a password, which others could read in a process list. */
extern bool nachet_conninfo_has_password(const char *conninfo);

/* nachet.chunk_size(); 0 on failure. */
extern int nachet_datastore_chunk_size(PGconn *connection, NachetError *error);

/*
 * nachet.missing_contents: missing[i] tells whether digests[i], of which no two are equal, is not
 * stored yet. The server cancels it after timeout seconds; 0: as the role has it.
 */
extern bool nachet_datastore_missing(PGconn *connection,
                                     const unsigned char (*digests)[NACHET_SHA256_BYTES],
                                     size_t count, unsigned timeout, bool *missing,
                                     NachetError *error) __attribute__((warn_unused_result));

/*
 * nachet.hold_contents, within a transaction: missing[i] tells whether element i of a finished
 * bytea[] of SHA-256 is the first of its kind and not stored yet. The others no sweep takes before
 * the transaction ends.
 */
extern bool nachet_datastore_hold(PGconn *connection, const NachetArray *digests, bool *missing,
                                  NachetError *error) __attribute__((warn_unused_result));

#endif

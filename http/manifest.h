/*
 * http/manifest.h
 *		The pictures of one request: names and digests, as a text[] and a bytea[] parameter.
 */
#ifndef NACHET_HTTP_MANIFEST_H
#define NACHET_HTTP_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "loader/client/array.h"
#include "loader/client/sha256.h"
#include "text.h"

#define NACHET_MANIFEST_NAME_BYTES ((size_t) 64 * 1024 * 1024)

typedef struct NachetManifest
{
	NachetArray names; /* as they were sent, until finished */
	NachetArray digests;
	NachetText folder; /* the first component of the first name with its '/'; empty for none */
	bool shared;       /* whether every name so far begins with the folder */
	size_t longest;    /* bytes of the longest name */
} NachetManifest;

extern void nachet_manifest_init(NachetManifest *manifest);
extern void nachet_manifest_free(NachetManifest *manifest);

/*
 * Why a picture may not have this name, NULL where it may. A name that is too long only by its first component
 * may, because that may yet be dropped; nachet_manifest_finish judges it again.
 */
extern const char *nachet_manifest_name_flaw(const char *name, size_t length);

/* The next picture. False where the names together are too long. */
extern bool nachet_manifest_add(NachetManifest *manifest, const char *name, size_t length,
                                const unsigned char digest[NACHET_SHA256_BYTES])
    __attribute__((warn_unused_result));

/*
 * Drops the first component that all names share, as browsers send a folder, and completes the arrays. The
 * folder's name, without a '/', is then in *folder of the length *folder_length, 0 for none; it lives as long
 * as the manifest. False, with *too_long telling which, where memory ran out or a name is too long as it is.
 */
extern bool nachet_manifest_finish(NachetManifest *manifest, const char **folder,
                                   size_t *folder_length, bool *too_long)
    __attribute__((warn_unused_result));

#endif

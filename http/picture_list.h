/*
 * http/picture_list.h
 *		The pictures of one request: names and digests, as a text[] and a bytea[] parameter.
 */
#ifndef NACHET_HTTP_PICTURE_LIST_H
#define NACHET_HTTP_PICTURE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "loader/client/array.h"
#include "loader/client/sha256.h"
#include "text.h"

#define NACHET_PICTURE_LIST_NAME_BYTES ((size_t) 64 * 1024 * 1024)

typedef struct NachetPictureList
{
	bool drops_folder;
	NachetArray names; /* as they were sent, until finished */
	NachetArray digests;
	NachetText folder; /* the first component of the first name with its '/'; empty for none */
	bool shared;       /* whether every name so far begins with the folder */
	size_t longest;    /* bytes of the longest name */
} NachetPictureList;

/* Whether a first component that all names share is dropped, or names stay as they were sent. */
extern void nachet_picture_list_init(NachetPictureList *list, bool drops_folder);
extern void nachet_picture_list_free(NachetPictureList *list);

/*
 * Why a picture may not have this name, NULL where it may. A name that is too long only by its first component
 * may, because that may yet be dropped; nachet_picture_list_finish judges it again.
 */
extern const char *nachet_picture_list_name_flaw(const char *name, size_t length);

/* The next picture. False where the names together are too long. */
extern bool nachet_picture_list_add(NachetPictureList *list, const char *name, size_t length,
                                    const unsigned char digest[NACHET_SHA256_BYTES])
    __attribute__((warn_unused_result));

/*
 * Drops, where that is wanted, the first component that all names share, as browsers send a folder, and completes the arrays. The
 * folder's name, without a '/', is then in *folder of the length *folder_length, 0 for none; it lives as long
 * as the list. False, with *too_long telling which, where memory ran out or a name is too long as it is.
 */
extern bool nachet_picture_list_finish(NachetPictureList *list, const char **folder,
                                       size_t *folder_length, bool *too_long)
    __attribute__((warn_unused_result));

#endif

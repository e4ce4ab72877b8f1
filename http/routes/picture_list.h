#ifndef NACHET_HTTP_PICTURE_LIST_H
#define NACHET_HTTP_PICTURE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "loader/client/array.h"
#include "loader/client/sha256.h"
#include "http/body/spool.h"
#include "loader/client/text.h"

typedef struct NachetPictureList
{
	bool drops_folder;
	NachetSpooled *spooled; /* names, as they were sent, and digests; NULL once they are loaded */
	uint32_t count;
	NachetText folder; /* the first component of the first name with its '/'; empty for none */
	bool shared;       /* whether every name so far begins with the folder */
	size_t longest;    /* bytes of the longest name */
	uint64_t escaped;  /* bytes of all names in JSON */
	NachetArray names; /* empty until they are loaded */
	NachetArray digests;
} NachetPictureList;

/*
 * drops_folder: whether a first component that all names share is dropped, or names stay as they
 * were sent. False if memory runs out.
 */
extern bool nachet_picture_list_init(NachetPictureList *list, NachetSpool *spool, bool drops_folder)
    __attribute__((warn_unused_result));
extern void nachet_picture_list_free(NachetPictureList *list);

/*
 * Why a picture may not have this name, NULL if it may. A name that is too long only by its first
 * component may, because that may yet be dropped; nachet_picture_list_too_long judges it again.
 * *code is the same as nachet_name_flaw_code has it.
 */
extern const char *nachet_picture_list_name_flaw(const char *name, size_t length,
                                                 const char **code);

/* The next picture. False, and *error filled, if the spool has no room for it. */
extern bool nachet_picture_list_add(NachetPictureList *list, const char *name, size_t length,
                                    const unsigned char digest[NACHET_SHA256_BYTES],
                                    NachetError *error) __attribute__((warn_unused_result));

/* Bytes that the two arrays will have at most. */
extern uint64_t nachet_picture_list_bytes(const NachetPictureList *list);

/* When all are there: whether a name is too long as it is. */
extern bool nachet_picture_list_too_long(const NachetPictureList *list);

/*
 * When all are there: the folder that is dropped, without its '/', as long as the list; the length
 * 0 if none is.
 */
extern const char *nachet_picture_list_folder(const NachetPictureList *list, size_t *length);

/*
 * Moves names and digests from the spool into the arrays, which takes twice
 * nachet_picture_list_bytes meanwhile, and drops the folder. False, and *error filled, if the disk
 * fails or memory runs out.
 */
extern bool nachet_picture_list_load(NachetPictureList *list, NachetError *error)
    __attribute__((warn_unused_result));

/* Frees the arrays. */
extern void nachet_picture_list_unload(NachetPictureList *list);

#endif

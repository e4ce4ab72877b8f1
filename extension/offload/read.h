#ifndef NACHET_OFFLOAD_READ_H
#define NACHET_OFFLOAD_READ_H

#include "contents/content.h"

/*
 * Reads a range that lies within the content. Bytes that are not those that were stored are never
 * returned: a whole content is checked by its SHA-256; a range is read from the version that was
 * written alone (its ETag), or else by reading all and checking that. Raises NC008 if the store
 * doesn't answer or refuses, XX001 if the object is gone or has other bytes.
 */
extern void nachet_object_read(const NachetContent *content, int64 offset, int64 length,
                               char *target);

/*
 * Checks one content's object, by its size alone or by reading all of it, and returns what is wrong
 * with it in a few words, or NULL. Raises NC008 if the store can't be asked, so that a store
 * that is down is not taken for a store that has lost everything.
 */
extern char *nachet_object_check(const NachetContent *content, bool read);

/*
 * Takes the whole content piece by piece, `take` being called outside libcurl, free to raise
 * errors; `restart` is called before each try. Returns what is wrong, or NULL; raises NC008.
 */
extern char *nachet_object_stream(const NachetContent *content, void (*restart)(void *argument),
                                  void (*take)(void *argument, const char *data, size_t length),
                                  void *argument);

#endif

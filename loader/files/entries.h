#ifndef NACHET_LOADER_ENTRIES_H
#define NACHET_LOADER_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "loader/client/text.h"

/* In text, for each, a byte of DT_ type and the name with its NUL. */
typedef struct NachetEntries
{
	NachetText text;
	size_t *start; /* of each, in text */
	size_t count;
	size_t capacity;
} NachetEntries;

extern void nachet_entries_free(NachetEntries *entries);

/* False if memory ran out. */
extern bool nachet_entries_add(NachetEntries *entries, unsigned char type, const char *name)
    __attribute__((warn_unused_result));

/* By the names' bytes. */
extern void nachet_entries_sort(NachetEntries *entries);

extern unsigned char nachet_entries_type(const NachetEntries *entries, size_t index);
extern const char *nachet_entries_name(const NachetEntries *entries, size_t index);

/* Reads and sorts what an open folder holds. 0 or an errno. */
extern int nachet_entries_read_folder(NachetEntries *entries, int fd);

/*
 * Finds out what an entry of the folder is: what readdir gave, or the file system if that gave
 * nothing, and with follow what a symbolic link leads to. 0 or an errno, which makes the type
 * DT_UNKNOWN: the entry may be anything.
 */
extern int nachet_entry_type(int folder, const char *name, bool follow, unsigned char *type)
    __attribute__((warn_unused_result));

#endif

#ifndef NACHET_HTTP_PAGE_H
#define NACHET_HTTP_PAGE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct NachetPageFile
{
	const char *path; /* where it is served */
	const char *media_type;
	const char *tag; /* its ETag, in quotes */
	const unsigned char *bytes;
	size_t length;
} NachetPageFile;

extern const NachetPageFile nachet_page_files[];
extern const size_t nachet_page_file_count;

/* Makes the files that are not embedded, at the start; false if memory ran out. */
extern bool nachet_page_make(void) __attribute__((warn_unused_result));

/* NULL if none is served at this path. */
extern const NachetPageFile *nachet_page_find(const char *path);

#endif

#ifndef NACHET_LOADER_SOURCE_H
#define NACHET_LOADER_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pure/picture_header.h"
#include "loader/files/files.h"

typedef struct NachetFileSource
{
	int fd; /* -1 once closed */
	uint64_t size;
	int64_t mtime_ns;
	dev_t device;
	ino_t inode;
	const char
	    *flaw; /* after a failure: why, as a string that lives on; fit to follow the file's name */
	bool special; /* the failure is that it is no regular file */
} NachetFileSource;

/*
 * Opens a path of a good name's form below a folder. flags are open's, for an existing file;
 * O_NOFOLLOW and O_CLOEXEC are added. -1 and errno on failure: ELOOP if a component is a symbolic
 * link, but O_PATH opens a link that is the last one.
 */
extern int nachet_source_open_beneath(int folder, const char *path, int flags)
    __attribute__((warn_unused_result));

/* Opens a regular file of the set, without waiting for anything. */
extern bool nachet_source_open(NachetFileSource *source, const NachetFiles *files, size_t index)
    __attribute__((warn_unused_result));

/* Reads exactly length bytes from offset. */
extern bool nachet_source_read(NachetFileSource *source, uint64_t offset, void *buffer,
                               size_t length) __attribute__((warn_unused_result));

/* Whether the file still is as long and as old as it was when it was checked. */
extern bool nachet_source_unchanged(NachetFileSource *source, const NachetFile *file)
    __attribute__((warn_unused_result));

extern void nachet_source_close(NachetFileSource *source);

/* The same as nachet_source_read, for the picture reader: context is the NachetFileSource. */
extern bool nachet_source_callback(void *context, uint64_t offset, void *buffer, size_t length);

#endif

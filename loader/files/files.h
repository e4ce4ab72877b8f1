#ifndef NACHET_LOADER_FILES_H
#define NACHET_LOADER_FILES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pure/names.h"
#include "loader/client/array.h"
#include "loader/client/sha256.h"

typedef struct NachetFile
{
	uint64_t name;      /* where its element of names begins */
	uint64_t size;      /* as it was checked */
	int64_t mtime_ns;   /* likewise */
	const char *format; /* as the picture reader names it; NULL if it is no picture */
	uint32_t width;     /* pixels */
	uint32_t height;
	bool refused; /* to be left out, or to stop the import */
	bool checked; /* its size is known */
	bool hashed;  /* its digest is known */
	bool sent;    /* its content was missing, and was stored by this run */
	bool present; /* its content was stored already; both are false for the second of equal files */
} NachetFile;

typedef struct NachetFiles
{
	char *folder;     /* as the user wrote it, for messages; "" if files were given */
	int folder_fd;    /* names are relative to it; -1 if files were given */
	char *set_name;   /* valid UTF-8 */
	bool follow;      /* symbolic links within the folder too */
	const char *seed; /* the target's own, or NULL: --seed */
	char **paths;     /* if files were given: each file's own path; else NULL */
	NachetFile *file;
	size_t count;
	size_t capacity;
	NachetArray names;      /* text[], in the order of file */
	NachetArray digests;    /* bytea[] of SHA-256, likewise; filled as files are read */
	atomic_size_t rejected; /* while being sent, each of which ended the import */
	bool failed;            /* memory ran out */
} NachetFiles;

extern void nachet_files_init(NachetFiles *files);
extern void nachet_files_free(NachetFiles *files);

/* Adds a file by a name that may stand; path, copied, is NULL unless files were given. */
extern void nachet_files_add(NachetFiles *files, const char *name, const char *path);

/* Copies a file's name, with a NUL. */
extern void nachet_files_name(const NachetFiles *files, size_t index,
                              char name[NACHET_NAME_MAX_BYTES + 1]);

/* A file's name with its folder, fit for a message; the caller frees it. NULL if memory ran out. */
extern char *nachet_files_display_name(const NachetFiles *files, size_t index);

/* Removes the refused files and makes room for the others' digests. */
extern bool nachet_files_settle(NachetFiles *files) __attribute__((warn_unused_result));

/* Where a file's digest lies, once settled. */
extern unsigned char *nachet_files_digest(const NachetFiles *files, size_t index);

/* The sum of the sizes. */
extern uint64_t nachet_files_bytes(const NachetFiles *files);

#endif

#ifndef NACHET_LOADER_SERVICE_MANIFEST_H
#define NACHET_LOADER_SERVICE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "pure/names.h"
#include "loader/files/files.h"
#include "loader/options.h"
#include "loader/service/client.h"

typedef struct NachetServiceManifest
{
	NachetServiceBody body;
	const NachetFiles *files;
	const size_t *index; /* which of the files; NULL for all */
	size_t count;
	char *head;         /* all but the pictures, which end it */
	size_t next;        /* 0: the head; up to count: a picture; then the end */
	NachetText picture; /* the one that is written */
} NachetServiceManifest;

/* As a dry run, or to make the set. To be freed in any case; false if memory ran out. */
extern bool nachet_service_manifest_init(NachetServiceManifest *manifest,
                                         const NachetOptions *options, const NachetFiles *files,
                                         const size_t *index, size_t count, bool dry_run)
    __attribute__((warn_unused_result));
extern void nachet_service_manifest_free(NachetServiceManifest *manifest);

#endif

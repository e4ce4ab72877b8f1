#ifndef NACHET_LOADER_SERVICE_PARTS_H
#define NACHET_LOADER_SERVICE_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "loader/service/client.h"
#include "loader/send/reader.h"

/* The most pictures of one body: bounds its answer. */
#define NACHET_PARTS_MAX 1024

#define NACHET_BOUNDARY_BYTES 33

/* A part's headers, and the boundary before them. */
#define NACHET_PART_HEAD_BYTES 256

typedef struct NachetServiceParts
{
	NachetServiceBody body;
	NachetReader *reader;
	size_t count;
	size_t index[NACHET_PARTS_MAX]; /* in the list of files */

	const char *email; /* who sends them; NULL if the service tells by the token */

	/* What comes next. */
	int email_step;
	size_t next; /* the part, while it has not ended */
	bool opened; /* its head was given, and its bytes follow */
	bool ended;

	char type[64];
	char boundary[NACHET_BOUNDARY_BYTES];
	char head[NACHET_PART_HEAD_BYTES];
} NachetServiceParts;

/* Without pictures. email, which may be NULL, stays the caller's. Nothing to free. */
extern void nachet_service_parts_init(NachetServiceParts *parts, NachetReader *reader,
                                      const char *email);

/* Adds a file's content; false, and nothing done, if the body has others and would be too long. */
extern bool nachet_service_parts_add(NachetServiceParts *parts, size_t index, uint64_t max_bytes,
                                     uint64_t max_parts) __attribute__((warn_unused_result));

#endif

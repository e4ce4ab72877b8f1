/*
 * test/pure/probe.h
 *		A source for the picture readers that watches what is asked of it, and fails on demand.
 *
 * A request beyond the bytes, or of none, ends the program: nothing may hide it.
 */
#ifndef NACHET_TEST_PROBE_H
#define NACHET_TEST_PROBE_H

#include "picture_header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_NEVER UINT64_MAX

typedef struct Probe
{
	const unsigned char *bytes;
	uint64_t size;
	uint64_t fail_at; /* the number of the read that fails, from 0; PROBE_NEVER for none */
	uint64_t reads;
	uint64_t bytes_read;
	uint64_t reads_after_failure;
} Probe;

static inline bool
probe_read(void *context, uint64_t offset, void *buffer, size_t length)
{
	Probe *probe = context;

	if (length == 0 || offset > probe->size || length > probe->size - offset)
	{
		printf("Bail out! asked for %zu bytes from %llu of %llu\n", length,
		       (unsigned long long) offset, (unsigned long long) probe->size);
		exit(1);
	}
	if (probe->reads > probe->fail_at)
		probe->reads_after_failure++;
	if (probe->reads++ == probe->fail_at)
		return false;
	probe->bytes_read += length;
	memcpy(buffer, probe->bytes + offset, length);
	return true;
}

static inline NachetPictureStatus
probe_picture(Probe *probe, const void *bytes, size_t size, uint64_t fail_at,
              NachetPicture *picture)
{
	NachetSource source = {.read = probe_read, .context = probe, .size = size};

	memset(probe, 0, sizeof(*probe));
	probe->bytes = bytes;
	probe->size = size;
	probe->fail_at = fail_at;
	memset(picture, 0xaa, sizeof(*picture));
	return nachet_picture_header_read(&source, picture);
}

static inline const char *
status_name(NachetPictureStatus status)
{
	const char *code = nachet_picture_code(status);

	return code != NULL ? code : "ok";
}

#endif

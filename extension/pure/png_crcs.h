#ifndef NACHET_PNG_CRCS_H
#define NACHET_PNG_CRCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum NachetPngPart
{
	NACHET_PNG_SIGNATURE,
	NACHET_PNG_HEAD, /* a chunk's length and type */
	NACHET_PNG_DATA,
	NACHET_PNG_CRC,
	NACHET_PNG_DONE /* IEND has passed, or the bytes are no PNG, or a CRC was wrong */
} NachetPngPart;

typedef struct NachetPngCrcs
{
	NachetPngPart part;
	unsigned char bytes[8]; /* of the part at hand, unless it is data */
	size_t count;
	uint32_t left; /* bytes of data to come */
	uint32_t crc;
	bool critical;
	bool end; /* the chunk is IEND */
	bool right;
} NachetPngCrcs;

extern void nachet_png_crcs_init(NachetPngCrcs *crcs);

/* The next bytes, from the first on. */
extern void nachet_png_crcs_add(NachetPngCrcs *crcs, const void *bytes, size_t length);

/* True once all chunks up to IEND have passed, and each critical one has matched its CRC. */
static inline bool
nachet_png_crcs_right(const NachetPngCrcs *crcs)
{
	return crcs->right;
}

#endif

/*
 * extension/pure/png_crcs.c
 *		Whether a PNG's critical chunks are as they were written, told from its bytes as they
 *		pass by.
 *
 * Those who have the bytes in hand for another reason, as for their SHA-256, spare the picture
 * reader its own pass. It asks no more of the structure than where one chunk ends and the next
 * begins, by the same lengths that the reader goes by: so the two have seen the same chunks.
 */
#include "png_crcs.h"
#include "crc.h"

#include <string.h>

#define SIGNATURE_BYTES 8
#define HEAD_BYTES      8
#define CRC_BYTES       4

static uint32_t
get_32be(const unsigned char *bytes)
{
	return (uint32_t) bytes[0] << 24 | (uint32_t) bytes[1] << 16 | (uint32_t) bytes[2] << 8 |
	       bytes[3];
}

static void
begin(NachetPngCrcs *crcs, NachetPngPart part)
{
	crcs->part = part;
	crcs->count = 0;
}

void
nachet_png_crcs_init(NachetPngCrcs *crcs)
{
	memset(crcs, 0, sizeof(*crcs));
	begin(crcs, NACHET_PNG_SIGNATURE);
}

/* Length and type: PNG 5.3; a small first letter is that of an ancillary chunk (5.4). */
static void
take_head(NachetPngCrcs *crcs)
{
	crcs->left = get_32be(crcs->bytes);
	crcs->critical = (crcs->bytes[4] & 0x20) == 0;
	crcs->end = memcmp(crcs->bytes + 4, "IEND", 4) == 0;
	crcs->crc = nachet_crc32_add(0, crcs->bytes + 4, 4);
	begin(crcs, crcs->left > 0 ? NACHET_PNG_DATA : NACHET_PNG_CRC);
}

static void
take_crc(NachetPngCrcs *crcs)
{
	bool wrong = crcs->critical && get_32be(crcs->bytes) != crcs->crc;

	crcs->right = crcs->end && !wrong;
	begin(crcs, crcs->end || wrong ? NACHET_PNG_DONE : NACHET_PNG_HEAD);
}

/* Takes what there is of a part that has so many bytes; true when it is whole. */
static bool
gather(NachetPngCrcs *crcs, size_t whole, const unsigned char **next, size_t *length)
{
	size_t piece = whole - crcs->count < *length ? whole - crcs->count : *length;

	memcpy(crcs->bytes + crcs->count, *next, piece);
	crcs->count += piece;
	*next += piece;
	*length -= piece;
	return crcs->count >= whole;
}

static void
pass_data(NachetPngCrcs *crcs, const unsigned char **next, size_t *length)
{
	size_t piece = crcs->left < *length ? crcs->left : *length;

	if (crcs->critical)
		crcs->crc = nachet_crc32_add(crcs->crc, *next, piece);
	crcs->left -= (uint32_t) piece;
	*next += piece;
	*length -= piece;
	if (crcs->left == 0)
		begin(crcs, NACHET_PNG_CRC);
}

void
nachet_png_crcs_add(NachetPngCrcs *crcs, const void *bytes, size_t length)
{
	const unsigned char *next = bytes;

	while (length > 0 && crcs->part != NACHET_PNG_DONE)
	{
		switch (crcs->part)
		{
			case NACHET_PNG_SIGNATURE:
				if (gather(crcs, SIGNATURE_BYTES, &next, &length))
					begin(crcs, memcmp(crcs->bytes, "\x89PNG\r\n\x1a\n", SIGNATURE_BYTES) == 0
					                ? NACHET_PNG_HEAD
					                : NACHET_PNG_DONE);
				break;
			case NACHET_PNG_HEAD:
				if (gather(crcs, HEAD_BYTES, &next, &length))
					take_head(crcs);
				break;
			case NACHET_PNG_DATA:
				pass_data(crcs, &next, &length);
				break;
			case NACHET_PNG_CRC:
				if (gather(crcs, CRC_BYTES, &next, &length))
					take_crc(crcs);
				break;
			case NACHET_PNG_DONE:
				break;
		}
	}
}

/*
 * extension/pure/picture_png.c
 *		PNG: the W3C recommendation (ISO/IEC 15948); section numbers are those of its second
 *		edition.
 *
 * The walk hops from chunk to chunk by their lengths and never reads pixel data. APNG's chunks are
 * chunks like others.
 */
#include "picture_formats.h"

#include <string.h>

#define CHUNK_CUT_OFF   "truncated PNG: a chunk is cut off"
#define SIGNATURE_BYTES 8
/* 5.3: length, type and CRC surround a chunk's data. */
#define CHUNK_OVERHEAD 12
#define IHDR_BYTES     13

/* 5.5 and Annex D: the CRC of ISO 3309, least significant bit first, over type and data. */
static uint32_t
chunk_crc(const unsigned char *bytes, size_t length)
{
	uint32_t crc = UINT32_C(0xffffffff);

	for (size_t i = 0; i < length; i++)
	{
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) != 0 ? UINT32_C(0xedb88320) ^ (crc >> 1) : crc >> 1;
	}
	return crc ^ UINT32_C(0xffffffff);
}

/* Table 11.1: which bit depths go with which colour types. */
static bool
depth_allowed(unsigned char depth, unsigned char colour)
{
	switch (colour)
	{
		case 0:
			return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
		case 3:
			return depth == 1 || depth == 2 || depth == 4 || depth == 8;
		case 2:
		case 4:
		case 6:
			return depth == 8 || depth == 16;
		default:
			return false;
	}
}

/* 5.6 and 11.2.2: IHDR comes first, with 13 bytes of data. */
static NachetPictureStatus
read_ihdr(NachetReader *reader, unsigned char *colour)
{
	const unsigned char *ihdr = nachet_picture_peek(
	    reader, SIGNATURE_BYTES, CHUNK_OVERHEAD + IHDR_BYTES, "truncated PNG: IHDR is cut off");
	uint32_t width;
	uint32_t height;

	if (ihdr == NULL)
		return reader->status;
	if (memcmp(ihdr + 4, "IHDR", 4) != 0 || nachet_get_32be(ihdr) != IHDR_BYTES)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "PNG: the first chunk is not IHDR");
	if (chunk_crc(ihdr + 4, 4 + IHDR_BYTES) != nachet_get_32be(ihdr + 8 + IHDR_BYTES))
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "PNG: IHDR does not match its CRC");

	width = nachet_get_32be(ihdr + 8);
	height = nachet_get_32be(ihdr + 12);
	*colour = ihdr[17];
	if (!depth_allowed(ihdr[16], ihdr[17]))
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "PNG: no such bit depth for its colour type");
	if (ihdr[18] != 0 || ihdr[19] != 0 || ihdr[20] > 1)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "PNG: unknown compression, filter or interlace method");
	return nachet_picture_set_size(reader, width, height);
}

/* 5.4: a chunk's type is four letters. Anything else means that the walk is not among chunks. */
static bool
type_is_letters(const unsigned char *type)
{
	for (int i = 0; i < 4; i++)
	{
		unsigned char lower = type[i] | 0x20;

		if (lower < 'a' || lower > 'z')
			return false;
	}
	return true;
}

/* Walks from IHDR to IEND; what follows IEND is not looked at. */
static NachetPictureStatus
walk_chunks(NachetReader *reader, unsigned char colour)
{
	uint64_t offset = SIGNATURE_BYTES + CHUNK_OVERHEAD + IHDR_BYTES;
	bool palette = false;
	bool pixels = false;

	for (;;)
	{
		const unsigned char *chunk =
		    nachet_picture_peek(reader, offset, 8, "truncated PNG: no IEND chunk");
		uint32_t length;
		bool end;

		if (chunk == NULL)
			return reader->status;
		length = nachet_get_32be(chunk);
		if (!type_is_letters(chunk + 4))
			return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
			                             "PNG: a chunk's type is not four letters");
		/* 5.3 */
		if (length > INT32_MAX)
			return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
			                             "PNG: a chunk is longer than 2,147,483,647 bytes");
		if (!nachet_picture_within(reader, offset, CHUNK_OVERHEAD + (uint64_t) length))
			return nachet_picture_refuse(reader, NACHET_PICTURE_TRUNCATED, CHUNK_CUT_OFF);

		end = memcmp(chunk + 4, "IEND", 4) == 0;
		if (memcmp(chunk + 4, "IHDR", 4) == 0)
			return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
			                             "PNG: more than one IHDR chunk");
		else if (memcmp(chunk + 4, "PLTE", 4) == 0)
			palette = true;
		else if (memcmp(chunk + 4, "IDAT", 4) == 0)
		{
			/* 11.2.3: colour type 3 needs its palette before the pixels. */
			if (colour == 3 && !palette)
				return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
				                             "PNG: no palette before the pixels");
			/* 11.2.4: an IDAT chunk may be empty, all of them may not. */
			pixels = pixels || length > 0;
		}
		if (end && length != 0)
			return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
			                             "PNG: IEND is not empty");
		if (end && !pixels)
			return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
			                             "PNG: no pixels (IDAT) before IEND");
		if (end)
			return NACHET_PICTURE_OK;
		offset += CHUNK_OVERHEAD + (uint64_t) length;
	}
}

NachetPictureStatus
nachet_picture_png_read(NachetReader *reader)
{
	/* 5.2: made so that a transfer which changes line ends or drops the eighth bit shows. */
	static const unsigned char signature[SIGNATURE_BYTES] = {0x89, 'P',  'N',  'G',
	                                                         0x0d, 0x0a, 0x1a, 0x0a};
	const unsigned char *bytes =
	    nachet_picture_peek(reader, 0, SIGNATURE_BYTES, "truncated PNG: the signature is cut off");
	unsigned char colour = 0;
	NachetPictureStatus status;

	if (bytes == NULL)
		return reader->status;
	if (memcmp(bytes, signature, SIGNATURE_BYTES) != 0)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "PNG: the signature is damaged, as by a transfer as text");
	status = read_ihdr(reader, &colour);
	if (status != NACHET_PICTURE_OK)
		return status;
	return walk_chunks(reader, colour);
}

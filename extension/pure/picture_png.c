/*
 * extension/pure/picture_png.c
 *		PNG: the W3C recommendation (ISO/IEC 15948); section numbers are those of its second
 *		edition.
 *
 * The walk hops from chunk to chunk by their lengths. Then all bytes are read, unless the source's
 * owner has seen them pass and knows: the CRCs of the critical chunks tell of any damage to them.
 * That of others decoders pass over with a warning (13.2). APNG's chunks are chunks like others.
 */
#include "picture_reader.h"
#include "crc.h"
#include "png_crcs.h"

#include <string.h>

#define CHUNK_CUT_OFF   "truncated PNG: a chunk is cut off"
#define CRC_WRONG       "PNG: damaged: a chunk does not match its CRC"
#define SIGNATURE_BYTES 8
/* 5.3: length, type and CRC surround a chunk's data. */
#define CHUNK_OVERHEAD 12
#define IHDR_BYTES     13
/*
 * RFC 1951: a byte of deflate yields at most four copies of 258 bytes (two codes of one bit each).
 */
#define MOST_FROM_BYTE 1032

typedef struct Png
{
	uint64_t width;
	uint64_t height;
	unsigned char depth;
	unsigned char colour;
	bool interlaced;
	bool palette;          /* PLTE has been met */
	uint64_t pixels_bytes; /* the data of all IDAT so far */
} Png;

typedef struct PngChunk
{
	uint32_t length; /* of its data */
	unsigned char type[4];
} PngChunk;

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

/* 5.5 and Annex D: reads the bytes up to IEND's end for the CRCs of critical chunks. */
static NachetPictureStatus
check_crcs(NachetReader *reader, uint64_t end)
{
	NachetPngCrcs crcs;

	nachet_png_crcs_init(&crcs);
	/* All is read now: from the start in full windows, not in those of a hop that grow. */
	nachet_picture_window_init(&reader->window);
	reader->window.ahead = NACHET_WINDOW_BYTES;
	for (uint64_t at = 0; at < end;)
	{
		const unsigned char *bytes = nachet_picture_peek(reader, at, 1, CHUNK_CUT_OFF);
		size_t piece;

		if (bytes == NULL)
			return reader->status;
		piece = nachet_picture_window_left(reader, at);
		if (piece > end - at)
			piece = (size_t) (end - at);
		nachet_png_crcs_add(&crcs, bytes, piece);
		at += piece;
	}
	if (!nachet_png_crcs_right(&crcs))
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED, CRC_WRONG);
	return NACHET_PICTURE_OK;
}

/* 5.6 and 11.2.2: IHDR comes first, with 13 bytes of data. */
static NachetPictureStatus
read_ihdr(NachetReader *reader, Png *png)
{
	const unsigned char *ihdr = nachet_picture_peek(
	    reader, SIGNATURE_BYTES, CHUNK_OVERHEAD + IHDR_BYTES, "truncated PNG: IHDR is cut off");

	if (ihdr == NULL)
		return reader->status;
	if (memcmp(ihdr + 4, "CgBI", 4) == 0)
		return nachet_picture_refuse(
		    reader, NACHET_PICTURE_VARIANT,
		    "PNG: Apple's own variant (CgBI), which ordinary decoders refuse; convert it to PNG");
	if (memcmp(ihdr + 4, "IHDR", 4) != 0 || nachet_get_32be(ihdr) != IHDR_BYTES)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "PNG: the first chunk is not IHDR");
	if (nachet_crc32_add(0, ihdr + 4, 4 + IHDR_BYTES) != nachet_get_32be(ihdr + 8 + IHDR_BYTES))
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED, CRC_WRONG);

	png->width = nachet_get_32be(ihdr + 8);
	png->height = nachet_get_32be(ihdr + 12);
	png->depth = ihdr[16];
	png->colour = ihdr[17];
	png->interlaced = ihdr[20] == 1;
	if (!depth_allowed(png->depth, png->colour))
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "PNG: invalid bit depth for its colour type");
	if (ihdr[18] != 0 || ihdr[19] != 0 || ihdr[20] > 1)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "PNG: unknown compression, filter or interlace method");
	return nachet_picture_set_size(reader, png->width, png->height);
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

static bool
is_type(const PngChunk *chunk, const char *type)
{
	return memcmp(chunk->type, type, 4) == 0;
}

/* Finds the chunk at an offset, all of whose bytes are there. */
static NachetPictureStatus
read_chunk(NachetReader *reader, uint64_t offset, PngChunk *chunk)
{
	const unsigned char *bytes =
	    nachet_picture_peek(reader, offset, 8, "truncated PNG: no IEND chunk");

	if (bytes == NULL)
		return reader->status;
	chunk->length = nachet_get_32be(bytes);
	memcpy(chunk->type, bytes + 4, 4);
	if (!type_is_letters(chunk->type))
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "PNG: a chunk's type is not four letters");
	/* 5.3 */
	if (chunk->length > INT32_MAX)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "PNG: a chunk is longer than 2,147,483,647 bytes");
	if (!nachet_picture_within(reader, offset, CHUNK_OVERHEAD + (uint64_t) chunk->length))
		return nachet_picture_refuse(reader, NACHET_PICTURE_TRUNCATED, CHUNK_CUT_OFF);
	return NACHET_PICTURE_OK;
}

/*
 * The bytes that the compressed pixels become: rows of whole bytes, each behind its filter's (7.2
 * and 9.2). For an interlaced picture it is a lower bound: its passes have more rows, padded on
 * their own.
 */
static uint64_t
raw_bytes(const Png *png)
{
	static const unsigned char samples[] = {1, 0, 3, 1, 2, 0, 4};
	uint64_t row_bits = png->width * samples[png->colour] * png->depth;

	if (png->interlaced)
		return row_bits * png->height / 8;
	return (1 + (row_bits + 7) / 8) * png->height;
}

/*
 * What IEND ends must have been whole, and large enough for its pixels whatever their compression.
 */
static NachetPictureStatus
check_end(NachetReader *reader, const Png *png, const PngChunk *iend, uint64_t offset)
{
	if (iend->length != 0)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED, "PNG: IEND is not empty");
	/* 11.2.4: an IDAT chunk may be empty, all of them may not. */
	if (png->pixels_bytes == 0)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "PNG: no pixels (IDAT) before IEND");
	if (raw_bytes(png) / MOST_FROM_BYTE > png->pixels_bytes)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "PNG: too few bytes for its pixels");
	if (!reader->source->png_crcs_right)
		return check_crcs(reader, offset + CHUNK_OVERHEAD);
	return NACHET_PICTURE_OK;
}

/* Walks from IHDR to IEND; what follows IEND is not looked at. */
static NachetPictureStatus
walk_chunks(NachetReader *reader, Png *png)
{
	uint64_t offset = SIGNATURE_BYTES + CHUNK_OVERHEAD + IHDR_BYTES;

	for (;;)
	{
		PngChunk chunk = {0};
		NachetPictureStatus status = read_chunk(reader, offset, &chunk);

		if (status != NACHET_PICTURE_OK)
			return status;
		if (is_type(&chunk, "IEND"))
			return check_end(reader, png, &chunk, offset);
		if (is_type(&chunk, "IHDR"))
			return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
			                             "PNG: more than one IHDR chunk");
		if (is_type(&chunk, "PLTE"))
			png->palette = true;
		/* 11.2.3: colour type 3 needs its palette before the pixels. */
		if (is_type(&chunk, "IDAT") && png->colour == 3 && !png->palette)
			return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
			                             "PNG: no palette before the pixels");
		if (is_type(&chunk, "IDAT"))
			png->pixels_bytes += chunk.length;
		offset += CHUNK_OVERHEAD + (uint64_t) chunk.length;
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
	Png png = {0};
	NachetPictureStatus status;

	if (bytes == NULL)
		return reader->status;
	if (memcmp(bytes, signature, SIGNATURE_BYTES) != 0)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "PNG: the signature is damaged, as by a transfer as text");
	status = read_ihdr(reader, &png);
	if (status != NACHET_PICTURE_OK)
		return status;
	return walk_chunks(reader, &png);
}

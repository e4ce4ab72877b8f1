/*
 * extension/pure/picture_gif.c
 *		GIF: the specifications GIF87a and GIF89a (CompuServe, 1990); section numbers are the
 *		latter's.
 *
 * Every block is walked to its terminator, so a prefix of a GIF never reaches the trailer. The size
 * is the logical screen's, which is what most viewers show; some enlarge it for a frame that is
 * larger.
 */
#include "picture_reader.h"

#include <string.h>

#define CUT_OFF    "truncated GIF: a block is cut off"
#define NO_TRAILER "truncated GIF: no trailer"

#define MAX_CODE_BITS   12
#define MAX_CODE_PIXELS 4096

#define INTRODUCER_EXTENSION 0x21
#define INTRODUCER_IMAGE     0x2c
#define INTRODUCER_TRAILER   0x3b

/* 18 and 20: the low three bits of a packed field say how many colours of 3 bytes follow. */
static uint64_t
colour_table_bytes(unsigned char packed)
{
	if ((packed & 0x80) == 0)
		return 0;
	return UINT64_C(3) << ((packed & 0x07) + 1);
}

/* 15 and 16: sub-blocks, each after a byte with its length, up to one of length 0. */
static bool
skip_sub_blocks(NachetReader *reader, uint64_t *offset, uint64_t *bytes)
{
	*bytes = 0;
	for (;;)
	{
		const unsigned char *length = nachet_picture_peek(reader, *offset, 1, CUT_OFF);

		if (length == NULL)
			return false;
		*offset += 1 + (uint64_t) length[0];
		*bytes += length[0];
		if (length[0] == 0)
			return true;
	}
}

/*
 * Appendix F: no code stands for more pixels than there are codes up to it, and codes get longer as
 * their table fills. The most pixels that so many bytes may hold; a code more of each length is
 * allowed for, because encoders differ in when they lengthen.
 */
static uint64_t
most_pixels(uint64_t bytes, unsigned int code_size)
{
	uint64_t bits = 8 * bytes;
	uint64_t longest = 0;
	uint64_t pixels = 0;

	for (unsigned int length = code_size + 1; length <= MAX_CODE_BITS; length++)
	{
		uint64_t codes = bits / length;
		uint64_t growing;

		if (length < MAX_CODE_BITS && codes > (UINT64_C(1) << (length - 1)) + 1)
			codes = (UINT64_C(1) << (length - 1)) + 1;
		bits -= codes * length;
		growing = MAX_CODE_PIXELS - longest < codes ? MAX_CODE_PIXELS - longest : codes;
		pixels += growing * longest + growing * (growing + 1) / 2;
		longest += growing;
		pixels += (codes - growing) * longest;
	}
	return pixels;
}

/* 20 to 22: the image descriptor after its introducer, a local colour table, the data. */
static NachetPictureStatus
read_image(NachetReader *reader, uint64_t *offset)
{
	const unsigned char *descriptor = nachet_picture_peek(reader, *offset, 9, CUT_OFF);
	const unsigned char *first;
	unsigned int code_size;
	uint64_t pixels;
	uint64_t bytes;

	if (descriptor == NULL)
		return reader->status;
	if (nachet_get_16le(descriptor + 4) == 0 || nachet_get_16le(descriptor + 6) == 0)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "GIF: an image without width or height");
	pixels = (uint64_t) nachet_get_16le(descriptor + 4) * nachet_get_16le(descriptor + 6);
	*offset += 9 + colour_table_bytes(descriptor[8]);

	first = nachet_picture_peek(reader, *offset, 1, CUT_OFF);
	if (first == NULL)
		return reader->status;
	code_size = first[0];
	/* Appendix F: codes start one bit longer than this, and are at most 12 bits long. */
	if (code_size < 1 || code_size >= MAX_CODE_BITS)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "GIF: invalid LZW code size");
	*offset += 1;
	if (!skip_sub_blocks(reader, offset, &bytes))
		return reader->status;
	if (bytes == 0)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "GIF: an image without data");
	if (most_pixels(bytes, code_size) < pixels)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "GIF: too few bytes for its pixels");
	return NACHET_PICTURE_OK;
}

/* Walks the blocks from offset to the trailer; what follows that is not looked at. */
static NachetPictureStatus
walk_blocks(NachetReader *reader, uint64_t offset)
{
	bool image = false;

	for (;;)
	{
		const unsigned char *introducer = nachet_picture_peek(reader, offset, 1, NO_TRAILER);
		NachetPictureStatus status;
		uint64_t bytes;

		if (introducer == NULL)
			return reader->status;
		offset += 1;
		switch (introducer[0])
		{
			case INTRODUCER_EXTENSION:
				/* 23 to 26: a label, and sub-blocks, the fixed parts being sub-blocks too. */
				offset += 1;
				if (!skip_sub_blocks(reader, &offset, &bytes))
					return reader->status;
				break;
			case INTRODUCER_IMAGE:
				status = read_image(reader, &offset);
				if (status != NACHET_PICTURE_OK)
					return status;
				image = true;
				break;
			case INTRODUCER_TRAILER:
				if (!image)
					return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
					                             "GIF: it contains no image");
				return NACHET_PICTURE_OK;
			case 0:
				/* A terminator too many: some encoders write it, and viewers pass over it. */
				break;
			default:
				return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
				                             "GIF: unknown block type");
		}
	}
}

NachetPictureStatus
nachet_picture_gif_read(NachetReader *reader)
{
	/* 17 and 18: signature and version, then the logical screen descriptor. */
	const unsigned char *header =
	    nachet_picture_peek(reader, 0, 13, "truncated GIF: the header is cut off");
	uint64_t offset;
	NachetPictureStatus status;

	if (header == NULL)
		return reader->status;
	if ((header[4] != '7' && header[4] != '9') || header[5] != 'a')
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "GIF: the version is neither 87a nor 89a");
	/* Taken now: the window moves on with the next peek. */
	offset = 13 + colour_table_bytes(header[10]);
	status =
	    nachet_picture_set_size(reader, nachet_get_16le(header + 6), nachet_get_16le(header + 8));
	if (status != NACHET_PICTURE_OK)
		return status;
	return walk_blocks(reader, offset);
}

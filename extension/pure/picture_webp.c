/*
 * extension/pure/picture_webp.c
 *		WebP: RFC 9649 (container and lossless), RFC 6386 (VP8).
 *
 * The RIFF header says where the picture ends; within it the walk hops from chunk to chunk. Bytes
 * after that end are not looked at (RFC 9649, 2.4: readers may ignore trailing data).
 */
#include "picture_reader.h"

#include <string.h>

#define CUT_OFF            "truncated WebP: a chunk is cut off"
#define RIFF_HEADER_BYTES  12
#define CHUNK_HEADER_BYTES 8
#define VP8X_BYTES         10
#define ANMF_BYTES         16

#define VP8X_ANIMATION 0x02

/* What a container must hold, and has held so far. */
typedef struct WebpPicture
{
	uint64_t end; /* where the RIFF container ends */
	bool extended;
	bool animated;
	bool image; /* a bitstream, or in an animation a frame with one, was found */
	uint32_t width;
	uint32_t height;
} WebpPicture;

typedef struct WebpChunk
{
	unsigned char name[4];
	uint64_t data;
	uint32_t length;
	uint64_t next;
} WebpChunk;

/* 2.3: a chunk's name is four ASCII characters; a container that ends in zeros has none. */
static bool
name_is_text(const unsigned char *name)
{
	for (int i = 0; i < 4; i++)
		if (name[i] < 0x20 || name[i] > 0x7e)
			return false;
	return true;
}

/*
 * 2.3: name, length, data, and a zero byte if the length is odd. The last chunk's padding is not
 * asked for: some writers leave it out of the container's size.
 */
static NachetPictureStatus
read_chunk(NachetReader *reader, uint64_t offset, uint64_t end, WebpChunk *chunk)
{
	const unsigned char *header;

	if (end - offset < CHUNK_HEADER_BYTES)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: a chunk extends beyond its container");
	header = nachet_picture_peek(reader, offset, CHUNK_HEADER_BYTES, CUT_OFF);
	if (header == NULL)
		return reader->status;
	if (!name_is_text(header))
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: damaged: a chunk without a name");
	memcpy(chunk->name, header, 4);
	chunk->data = offset + CHUNK_HEADER_BYTES;
	chunk->length = nachet_get_32le(header + 4);
	if (chunk->length > end - chunk->data)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: a chunk extends beyond its container");
	chunk->next = chunk->data + chunk->length + (chunk->length & 1);
	if (chunk->next > end)
		chunk->next = end;
	return NACHET_PICTURE_OK;
}

static bool
is_named(const WebpChunk *chunk, const char *name)
{
	return memcmp(chunk->name, name, 4) == 0;
}

/* RFC 6386, 9.1: a key frame's tag of 3 bytes, the start code, and two sides of 14 bits. */
static NachetPictureStatus
read_vp8(NachetReader *reader, const WebpChunk *chunk, uint32_t *width, uint32_t *height)
{
	const unsigned char *frame;
	uint32_t tag;

	if (chunk->length < 10)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: the VP8 frame is too short for its header");
	frame = nachet_picture_peek(reader, chunk->data, 10, CUT_OFF);
	if (frame == NULL)
		return reader->status;
	tag = nachet_get_24le(frame);
	if ((tag & 1) != 0 || memcmp(frame + 3, "\x9d\x01\x2a", 3) != 0)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: the VP8 data is not a key frame");
	if (tag >> 5 > chunk->length - 10)
		return nachet_picture_refuse(
		    reader, NACHET_PICTURE_MALFORMED,
		    "WebP: the VP8 frame's first partition is longer than its data");
	*width = nachet_get_16le(frame + 6) & 0x3fff;
	*height = nachet_get_16le(frame + 8) & 0x3fff;
	return NACHET_PICTURE_OK;
}

/*
 * RFC 9649, 3.4: 0x2F, then from the lowest bit on 14 bits width - 1, 14 bits height - 1, alpha,
 * version.
 */
static NachetPictureStatus
read_vp8l(NachetReader *reader, const WebpChunk *chunk, uint32_t *width, uint32_t *height)
{
	const unsigned char *frame;
	uint32_t sides;

	/* There is at least one byte of data to decode. */
	if (chunk->length < 6)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: the VP8L data is too short for its header");
	frame = nachet_picture_peek(reader, chunk->data, 5, CUT_OFF);
	if (frame == NULL)
		return reader->status;
	sides = nachet_get_32le(frame + 1);
	if (frame[0] != 0x2f || sides >> 29 != 0)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: the VP8L data has an invalid signature or version");
	*width = (sides & 0x3fff) + 1;
	*height = (sides >> 14 & 0x3fff) + 1;
	return NACHET_PICTURE_OK;
}

/*
 * Reads a bitstream's own header if the chunk is one, and says in *is_image whether it is. None
 * ends in NACHET_ZEROS_BYTES of 0: entropy coding leaves no such run, nor does either encoder's
 * padding, but a file that was never written to its end.
 */
static NachetPictureStatus
read_bitstream(NachetReader *reader, const WebpChunk *chunk, bool *is_image, uint32_t *width,
               uint32_t *height)
{
	NachetPictureStatus status = NACHET_PICTURE_OK;
	bool zeros = false;

	*is_image = is_named(chunk, "VP8 ") || is_named(chunk, "VP8L");
	if (!*is_image)
		return NACHET_PICTURE_OK;
	status = is_named(chunk, "VP8 ") ? read_vp8(reader, chunk, width, height)
	                                 : read_vp8l(reader, chunk, width, height);
	if (status != NACHET_PICTURE_OK)
		return status;
	if (!nachet_picture_ends_in_zeros(reader, chunk->data, chunk->length, &zeros))
		return reader->status;
	if (zeros)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: damaged: its pixels end in zeros");
	return NACHET_PICTURE_OK;
}

/*
 * 2.7.1.1: a frame's place, size and duration in 16 bytes, then chunks: ALPH perhaps, and a
 * bitstream.
 */
static NachetPictureStatus
read_animation_frame(NachetReader *reader, const WebpChunk *anmf, WebpPicture *webp)
{
	uint64_t offset = anmf->data + ANMF_BYTES;
	uint64_t end = anmf->data + anmf->length;
	bool is_image = false;

	if (anmf->length < ANMF_BYTES)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: an animation frame is too short for its header");
	while (offset < end && !is_image)
	{
		WebpChunk chunk;
		uint32_t width;
		uint32_t height;
		NachetPictureStatus status = read_chunk(reader, offset, end, &chunk);

		if (status == NACHET_PICTURE_OK)
			status = read_bitstream(reader, &chunk, &is_image, &width, &height);
		if (status != NACHET_PICTURE_OK)
			return status;
		offset = chunk.next;
	}
	if (!is_image)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: an animation frame without an image");
	webp->image = true;
	return NACHET_PICTURE_OK;
}

/* 2.7: flags, 3 reserved bytes, and the canvas's sides less one, 24 bits each. */
static NachetPictureStatus
read_vp8x(NachetReader *reader, const WebpChunk *chunk, WebpPicture *webp)
{
	const unsigned char *bytes;

	if (chunk->length < VP8X_BYTES)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: the VP8X chunk is too short");
	bytes = nachet_picture_peek(reader, chunk->data, VP8X_BYTES, CUT_OFF);
	if (bytes == NULL)
		return reader->status;
	webp->extended = true;
	webp->animated = (bytes[0] & VP8X_ANIMATION) != 0;
	webp->width = nachet_get_24le(bytes + 4) + 1;
	webp->height = nachet_get_24le(bytes + 7) + 1;
	return nachet_picture_set_size(reader, webp->width, webp->height);
}

/*
 * A still picture's bitstream. 2.7.1.2: in the extended format its size is the canvas's; without
 * VP8X it is the picture's (2.5 and 2.6).
 */
static NachetPictureStatus
read_still_chunk(NachetReader *reader, const WebpChunk *chunk, WebpPicture *webp)
{
	uint32_t width = 0;
	uint32_t height = 0;
	bool is_image;
	NachetPictureStatus status = read_bitstream(reader, chunk, &is_image, &width, &height);

	if (status != NACHET_PICTURE_OK || !is_image)
		return status;
	webp->image = true;
	if (!webp->extended)
		return nachet_picture_set_size(reader, width, height);
	if (width != webp->width || height != webp->height)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: the canvas and its image differ in size");
	return NACHET_PICTURE_OK;
}

/* Walks the chunks from the first to the container's end. */
static NachetPictureStatus
walk_chunks(NachetReader *reader, WebpPicture *webp)
{
	uint64_t offset = RIFF_HEADER_BYTES;

	while (offset < webp->end)
	{
		WebpChunk chunk;
		NachetPictureStatus status = read_chunk(reader, offset, webp->end, &chunk);

		if (status != NACHET_PICTURE_OK)
			return status;
		if (offset == RIFF_HEADER_BYTES && is_named(&chunk, "VP8X"))
			status = read_vp8x(reader, &chunk, webp);
		else if (webp->animated && is_named(&chunk, "ANMF"))
			status = read_animation_frame(reader, &chunk, webp);
		else if (!webp->animated && !webp->image)
			status = read_still_chunk(reader, &chunk, webp);
		if (status != NACHET_PICTURE_OK)
			return status;
		/* 2.5 and 2.6: the simple formats have their bitstream first. */
		if (!webp->extended && !webp->image)
			break;
		offset = chunk.next;
	}
	if (!webp->image)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: it contains no image");
	return NACHET_PICTURE_OK;
}

NachetPictureStatus
nachet_picture_webp_read(NachetReader *reader)
{
	const unsigned char *riff =
	    nachet_picture_peek(reader, 0, RIFF_HEADER_BYTES, "truncated WebP: the header is cut off");
	WebpPicture webp = {0};

	if (riff == NULL)
		return reader->status;
	/* 2.4: the size counts from the word WEBP on. */
	webp.end = 8 + (uint64_t) nachet_get_32le(riff + 4);
	if (webp.end < RIFF_HEADER_BYTES + CHUNK_HEADER_BYTES)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "WebP: it contains no image");
	if (!nachet_picture_within(reader, 0, webp.end))
		return nachet_picture_refuse(reader, NACHET_PICTURE_TRUNCATED,
		                             "truncated WebP: shorter than the size in its RIFF header");
	return walk_chunks(reader, &webp);
}

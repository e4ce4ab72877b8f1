/*
 * extension/pure/picture_reader.h
 *		What the readers of the picture formats share: a window onto the bytes, and how to refuse.
 *
 * Internal to extension/pure/picture_*.c. Every byte goes through nachet_picture_peek, which is
 * what keeps reads within the source; a reader that gets NULL from it returns reader->status at
 * once. Offsets and lengths taken from the bytes are 64 bits wide and are compared with
 * nachet_picture_within, which cannot overflow, before they are added.
 */
#ifndef NACHET_PICTURE_READER_H
#define NACHET_PICTURE_READER_H

#include "picture.h"

/* The maximum and the minimum of one read: a hop over a picture's body should cost little. */
#define NACHET_WINDOW_BYTES      16384
#define NACHET_WINDOW_FIRST_READ 512
#define NACHET_WINDOW_HOP_READ   64

/* The bytes that were read last. ahead grows while a reader walks and falls back when it hops. */
typedef struct NachetWindow
{
	uint64_t start;
	size_t filled;
	size_t ahead;
	unsigned char bytes[NACHET_WINDOW_BYTES];
} NachetWindow;

/* Why a size is refused, in a format's own words. */
typedef struct NachetSizeReasons
{
	const char *no_width;
	const char *no_height;
	const char *too_long;
	const char *too_many;
} NachetSizeReasons;

typedef struct NachetReader
{
	const NachetSource *source;
	NachetPicture *picture;
	NachetPictureStatus status;
	const NachetSizeReasons *size_reasons;
	NachetWindow window;
} NachetReader;

/* Notes the reason (a static string) and returns the status, which is also kept in the reader. */
static inline NachetPictureStatus
nachet_picture_refuse(NachetReader *reader, NachetPictureStatus status, const char *reason)
{
	reader->picture->status = status;
	reader->picture->reason = reason;
	reader->status = status;
	return status;
}

/* Whether the source holds length bytes from offset. */
extern bool nachet_picture_within(const NachetReader *reader, uint64_t offset, uint64_t length);

/*
 * length bytes (at most NACHET_WINDOW_BYTES) from offset, good until the window's next use. NULL
 * if the source is shorter, which is refused as truncated for the given reason, or if it
 * fails.
 */
extern const unsigned char *nachet_picture_peek(NachetReader *reader, uint64_t offset,
                                                size_t length, const char *reason);

/* The same through a window of the caller's own, for a second place that is read in turn. */
extern const unsigned char *nachet_picture_peek_in(NachetReader *reader, NachetWindow *window,
                                                   uint64_t offset, size_t length,
                                                   const char *reason);

extern void nachet_picture_window_init(NachetWindow *window);

/* How many bytes of the window lie at and after offset, which was peeked at last. */
extern size_t nachet_picture_window_left(const NachetReader *reader, uint64_t offset);

/*
 * Whether the last NACHET_ZEROS_BYTES of bytes that lie within the source, or all if they are
 * fewer, are 0, in *zeros. False if the source fails.
 */
#define NACHET_ZEROS_BYTES 256
extern bool nachet_picture_ends_in_zeros(NachetReader *reader, uint64_t offset, uint64_t length,
                                         bool *zeros);

/* Whether bytes start with a signature, in which '?' stands for any byte. */
extern bool nachet_picture_starts_with(const unsigned char *bytes, size_t length,
                                       const char *signature, size_t signature_length);

/* Refuses bytes of no accepted format, by their name if it is known. */
extern NachetPictureStatus nachet_picture_refuse_unknown(NachetReader *reader);

/* That of a camera's raw file, whose only ordinary picture is a thumbnail. */
#define NACHET_RAW_FILE(name) "a camera's raw file (" name "); export it as TIFF or JPEG"

/* Records width and height, and refuses what is beyond the bounds of picture.h. */
extern NachetPictureStatus nachet_picture_set_size(NachetReader *reader, uint64_t width,
                                                   uint64_t height);

/* The formats: each reads from a source that starts with its signature. */
extern NachetPictureStatus nachet_picture_jpeg_read(NachetReader *reader);
extern NachetPictureStatus nachet_picture_png_read(NachetReader *reader);
extern NachetPictureStatus nachet_picture_gif_read(NachetReader *reader);
extern NachetPictureStatus nachet_picture_bmp_read(NachetReader *reader);
extern NachetPictureStatus nachet_picture_tiff_read(NachetReader *reader);
extern NachetPictureStatus nachet_picture_webp_read(NachetReader *reader);

/* Integers of either byte order at any address. */
static inline uint16_t
nachet_get_16le(const unsigned char *bytes)
{
	return (uint16_t) (bytes[0] | bytes[1] << 8);
}

static inline uint16_t
nachet_get_16be(const unsigned char *bytes)
{
	return (uint16_t) (bytes[0] << 8 | bytes[1]);
}

static inline uint32_t
nachet_get_24le(const unsigned char *bytes)
{
	return (uint32_t) bytes[0] | (uint32_t) bytes[1] << 8 | (uint32_t) bytes[2] << 16;
}

static inline uint32_t
nachet_get_32le(const unsigned char *bytes)
{
	return nachet_get_24le(bytes) | (uint32_t) bytes[3] << 24;
}

static inline uint32_t
nachet_get_32be(const unsigned char *bytes)
{
	return (uint32_t) nachet_get_16be(bytes) << 16 | nachet_get_16be(bytes + 2);
}

static inline uint64_t
nachet_get_64le(const unsigned char *bytes)
{
	return (uint64_t) nachet_get_32le(bytes + 4) << 32 | nachet_get_32le(bytes);
}

static inline uint64_t
nachet_get_64be(const unsigned char *bytes)
{
	return (uint64_t) nachet_get_32be(bytes) << 32 | nachet_get_32be(bytes + 4);
}

#endif

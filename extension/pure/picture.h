/*
 * extension/pure/picture.h
 *		A picture's bytes as they are handed to be read, and what is found of them.
 */
#ifndef NACHET_PICTURE_H
#define NACHET_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest side, in pixels, and the most pixels that a picture may claim. */
#define NACHET_PICTURE_MAX_SIDE   500000u
#define NACHET_PICTURE_MAX_PIXELS (UINT64_C(1) << 32)

/*
 * Where the bytes come from. read() fills the buffer with exactly length bytes from offset and
 * returns true, or returns false if the medium fails; it is never asked for bytes at or beyond
 * size.
 */
typedef struct NachetSource
{
	bool (*read)(void *context, uint64_t offset, void *buffer, size_t length);
	void *context;
	uint64_t size;
	bool png_crcs_right; /* as png_crcs.h found: a PNG need not be read whole */
} NachetSource;

typedef enum NachetPictureStatus
{
	NACHET_PICTURE_OK,
	NACHET_PICTURE_EMPTY,       /* no byte at all */
	NACHET_PICTURE_UNKNOWN,     /* none of the known formats */
	NACHET_PICTURE_UNSUPPORTED, /* a picture of a format that is not accepted */
	NACHET_PICTURE_RAW,         /* a camera's raw file */
	NACHET_PICTURE_MICROSCOPE,  /* a microscope's file */
	NACHET_PICTURE_DOCUMENT,    /* a document, which may hold pictures */
	NACHET_PICTURE_VIDEO,       /* a video */
	NACHET_PICTURE_ARCHIVE,     /* an archive */
	NACHET_PICTURE_TRUNCATED,   /* bytes that the structure promises are not there */
	NACHET_PICTURE_MALFORMED,   /* the structure contradicts itself or its specification */
	NACHET_PICTURE_VARIANT,     /* a variant of its format that ordinary decoders refuse */
	NACHET_PICTURE_DIMENSIONS,  /* a side is 0 or beyond the bounds above */
	NACHET_PICTURE_READ_FAILED  /* the callback returned false */
} NachetPictureStatus;

/* The codes of what is refused before its structure is read. */
#define NACHET_CODE_EMPTY     "empty"
#define NACHET_CODE_TOO_LARGE "too_large" /* more bytes than are taken of one picture */

/* The formats that are accepted, for people. */
#define NACHET_PICTURE_FORMATS "JPEG, PNG, GIF, BMP, TIFF and WebP"

typedef struct NachetPicture
{
	const char *format; /* one of those; NULL until recognised */
	uint32_t width;     /* pixels */
	uint32_t height;
	NachetPictureStatus status;
	const char *reason; /* a static string that says why the status is not OK; NULL if it is */
} NachetPicture;

#endif

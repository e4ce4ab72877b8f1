/*
 * extension/pure/picture_header.c
 *		Recognises a picture's format and hands its bytes to that format's reader.
 *
 * A new format is a row of the table below and a reader of its own. All reading goes through one
 * buffered window, and the window is what bounds it: a walk reads ahead in blocks, a hop reads
 * little, so that the number of reads stays below the source's size / 512 for formats that only
 * move forward.
 */
#include "picture_header.h"

#include <string.h>

#include "picture_reader.h"

typedef struct PictureFormat
{
	const char *name;
	const char *signature; /* '?' stands for any byte */
	size_t signature_length;
	NachetPictureStatus (*read)(NachetReader *reader);
	NachetSizeReasons size_reasons;
} PictureFormat;

#define SIGNATURE(bytes) bytes, sizeof(bytes) - 1
#define SIZE_REASONS(name)                                                                         \
	{                                                                                              \
		name ": width is 0", name ": height is 0", name ": a side is longer than 500,000 pixels",  \
		    name ": it has more than 4,294,967,296 pixels"                                         \
	}

static const PictureFormat formats[] = {
    /* T.81, B.2.1: SOI, and then a marker, of which only the first byte is known */
    {"JPEG", SIGNATURE("\xff\xd8\xff"), nachet_picture_jpeg_read, SIZE_REASONS("JPEG")},
    /* PNG 5.2; the second half of the signature is left to the reader, which reports damage */
    {"PNG", SIGNATURE("\x89PNG"), nachet_picture_png_read, SIZE_REASONS("PNG")},
    /* GIF89a, 17: "87a" or "89a" follows */
    {"GIF", SIGNATURE("GIF8"), nachet_picture_gif_read, SIZE_REASONS("GIF")},
    /* TIFF 6.0, section 2; BigTIFF has 43 in 42's place */
    {"TIFF", SIGNATURE("II\x2a\0"), nachet_picture_tiff_read, SIZE_REASONS("TIFF")},
    {"TIFF", SIGNATURE("MM\0\x2a"), nachet_picture_tiff_read, SIZE_REASONS("TIFF")},
    {"TIFF", SIGNATURE("II\x2b\0"), nachet_picture_tiff_read, SIZE_REASONS("TIFF")},
    {"TIFF", SIGNATURE("MM\0\x2b"), nachet_picture_tiff_read, SIZE_REASONS("TIFF")},
    /* RFC 9649, 2.4: a RIFF container's size stands between the two words */
    {"WebP", SIGNATURE("RIFF????WEBP"), nachet_picture_webp_read, SIZE_REASONS("WebP")},
    /* BITMAPFILEHEADER's bfType; two letters that begin many texts, so the reader looks further */
    {"BMP", SIGNATURE("BM"), nachet_picture_bmp_read, SIZE_REASONS("BMP")},
};

const char *
nachet_picture_code(NachetPictureStatus status)
{
	static const char *const codes[] = {
	    [NACHET_PICTURE_OK] = NULL,
	    [NACHET_PICTURE_EMPTY] = NACHET_CODE_EMPTY,
	    [NACHET_PICTURE_UNKNOWN] = "not_a_picture",
	    [NACHET_PICTURE_UNSUPPORTED] = "unsupported_format",
	    [NACHET_PICTURE_RAW] = "camera_raw",
	    [NACHET_PICTURE_MICROSCOPE] = "microscope_file",
	    [NACHET_PICTURE_DOCUMENT] = "document",
	    [NACHET_PICTURE_VIDEO] = "video",
	    [NACHET_PICTURE_ARCHIVE] = "archive",
	    [NACHET_PICTURE_TRUNCATED] = "truncated",
	    [NACHET_PICTURE_MALFORMED] = "damaged",
	    [NACHET_PICTURE_VARIANT] = "unsupported_variant",
	    [NACHET_PICTURE_DIMENSIONS] = "bad_dimensions",
	    [NACHET_PICTURE_READ_FAILED] = "unreadable",
	};

	return codes[status];
}

NachetPictureStatus
nachet_picture_header_read(const NachetSource *source, NachetPicture *picture)
{
	NachetReader reader;
	const unsigned char *bytes;

	memset(picture, 0, sizeof(*picture));
	reader.source = source;
	reader.picture = picture;
	reader.status = NACHET_PICTURE_OK;
	reader.size_reasons = NULL;
	nachet_picture_window_init(&reader.window);

	if (source->size == 0)
		return nachet_picture_refuse(&reader, NACHET_PICTURE_EMPTY, "is empty");
	bytes = nachet_picture_peek(&reader, 0, 1, "is empty");
	if (bytes == NULL)
		return reader.status;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
	{
		if (nachet_picture_starts_with(bytes, reader.window.filled, formats[i].signature,
		                               formats[i].signature_length))
		{
			picture->format = formats[i].name;
			reader.size_reasons = &formats[i].size_reasons;
			return formats[i].read(&reader);
		}
	}
	return nachet_picture_refuse_unknown(&reader);
}

static bool
read_from_buffer(void *context, uint64_t offset, void *buffer, size_t length)
{
	memcpy(buffer, (const unsigned char *) context + offset, length);
	return true;
}

NachetPictureStatus
nachet_picture_header_read_buffer(const void *bytes, size_t size, NachetPicture *picture)
{
	/* The context is only read from: read_from_buffer makes it const again. */
	NachetSource source = {
	    .read = read_from_buffer, .context = (void *) (uintptr_t) bytes, .size = size};

	return nachet_picture_header_read(&source, picture);
}

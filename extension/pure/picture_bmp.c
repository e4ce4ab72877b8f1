/*
 * extension/pure/picture_bmp.c
 *		BMP: Microsoft's BITMAPFILEHEADER and the headers that may follow it, from OS/2's
 *		BITMAPCOREHEADER to BITMAPV5HEADER.
 *
 * The pixels' extent follows from the header, or, if they are run-length encoded, is given in it.
 * Readers ignore that size and follow the codes to their end, as is done here if it is 0. bfSize is
 * not asked: some writers leave it 0 or count wrongly, and most readers get by without it.
 */
#include "picture_reader.h"

#define CUT_OFF        "truncated BMP: the header is cut off"
#define PIXELS_CUT_OFF "truncated BMP: pixels are missing"

#define FILE_HEADER_BYTES 14
#define CORE_HEADER_BYTES 12
#define INFO_HEADER_BYTES 40
#define V5_HEADER_BYTES   124

/* biCompression; OS/2 2.x gives 3 and 4 meanings of its own. */
#define BI_RGB            0
#define BI_RLE8           1
#define BI_RLE4           2
#define BI_BITFIELDS      3
#define BI_ALPHABITFIELDS 6
#define OS2_HUFFMAN_1D    3
#define OS2_RLE24         4

/* What follows a byte of 0 in run-length codes; a higher number is that of pixels. */
#define RLE_ROW_ENDS    0
#define RLE_BITMAP_ENDS 1
#define RLE_STEP        2

typedef struct BmpHeader
{
	uint32_t header_bytes;
	uint32_t pixel_offset;
	uint32_t width;
	uint32_t height;
	uint16_t planes;
	uint16_t bits;
	uint32_t compression;
	uint32_t image_bytes; /* biSizeImage: 0 for unknown */
	uint32_t colours;     /* biClrUsed: 0 for as many as the bits can name */
} BmpHeader;

/* Core, OS/2 2.x (short and whole), info, with 3 or 4 masks, V4, V5. */
static bool
header_size_known(uint32_t bytes)
{
	return bytes == CORE_HEADER_BYTES || bytes == 16 || bytes == INFO_HEADER_BYTES || bytes == 52 ||
	       bytes == 56 || bytes == 64 || bytes == 108 || bytes == V5_HEADER_BYTES;
}

static bool
is_os2(const BmpHeader *header)
{
	return header->header_bytes == 16 || header->header_bytes == 64;
}

/* Fills the header; refuses a negative width, which no bitmap has. */
static NachetPictureStatus
read_header(NachetReader *reader, BmpHeader *header)
{
	const unsigned char *bytes =
	    nachet_picture_peek(reader, 0, FILE_HEADER_BYTES + (size_t) header->header_bytes, CUT_OFF);
	const unsigned char *info;

	if (bytes == NULL)
		return reader->status;
	info = bytes + FILE_HEADER_BYTES;
	header->pixel_offset = nachet_get_32le(bytes + 10);
	header->compression = BI_RGB;
	header->image_bytes = 0;
	if (header->header_bytes == CORE_HEADER_BYTES)
	{
		header->width = nachet_get_16le(info + 4);
		header->height = nachet_get_16le(info + 6);
		header->planes = nachet_get_16le(info + 8);
		header->bits = nachet_get_16le(info + 10);
		return NACHET_PICTURE_OK;
	}

	header->width = nachet_get_32le(info + 4);
	header->height = nachet_get_32le(info + 8);
	header->planes = nachet_get_16le(info + 12);
	header->bits = nachet_get_16le(info + 14);
	if (header->header_bytes >= INFO_HEADER_BYTES)
	{
		header->compression = nachet_get_32le(info + 16);
		header->image_bytes = nachet_get_32le(info + 20);
		header->colours = nachet_get_32le(info + 32);
	}
	/* biHeight is signed: below 0 the rows run from top to bottom. -2^31 becomes 2^31, too long. */
	if (header->height > INT32_MAX)
		header->height = UINT32_C(0) - header->height;
	if (header->width > INT32_MAX)
		return nachet_picture_refuse(reader, NACHET_PICTURE_DIMENSIONS, "BMP: width is below 0");
	return NACHET_PICTURE_OK;
}

/* Whether the bits per pixel are among those that go with the compression. */
static bool
bits_allowed(const BmpHeader *header)
{
	uint16_t bits = header->bits;

	if (is_os2(header) && header->compression == OS2_HUFFMAN_1D)
		return bits == 1;
	if (is_os2(header) && header->compression == OS2_RLE24)
		return bits == 24;
	switch (header->compression)
	{
		case BI_RGB:
			return bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16 || bits == 24 ||
			       bits == 32;
		case BI_RLE8:
			return bits == 8;
		case BI_RLE4:
			return bits == 4;
		case BI_BITFIELDS:
		case BI_ALPHABITFIELDS:
			return bits == 16 || bits == 32;
		default:
			/* BI_JPEG and BI_PNG are for printers alone. */
			return false;
	}
}

static bool
is_compressed(const BmpHeader *header)
{
	if (is_os2(header))
		return header->compression != BI_RGB;
	return header->compression == BI_RLE8 || header->compression == BI_RLE4;
}

/*
 * BITMAPV5HEADER: a profile, linked or embedded, lies bV5ProfileData bytes from the header's start.
 */
static NachetPictureStatus
check_profile(NachetReader *reader)
{
	const unsigned char *info =
	    nachet_picture_peek(reader, FILE_HEADER_BYTES, V5_HEADER_BYTES, CUT_OFF);
	uint32_t kind;

	if (info == NULL)
		return reader->status;
	kind = nachet_get_32le(info + 56);
	/* PROFILE_LINKED and PROFILE_EMBEDDED: 'LINK' and 'MBED' as one number. */
	if (kind != UINT32_C(0x4c494e4b) && kind != UINT32_C(0x4d424544))
		return NACHET_PICTURE_OK;
	if (!nachet_picture_within(reader, FILE_HEADER_BYTES + (uint64_t) nachet_get_32le(info + 112),
	                           nachet_get_32le(info + 116)))
		return nachet_picture_refuse(reader, NACHET_PICTURE_TRUNCATED,
		                             "truncated BMP: the colour profile is cut off");
	return NACHET_PICTURE_OK;
}

/*
 * Where the pixels may begin: behind the header, the masks that BITMAPINFOHEADER leaves to follow
 * it, and the palette. bfOffBits of some files points into the last, so that the pixels would seem
 * to end before they do. OS/2's first header says nothing of a palette's size, which then bfOffBits
 * gives.
 */
static uint64_t
end_of_tables(const BmpHeader *header)
{
	uint64_t end = FILE_HEADER_BYTES + (uint64_t) header->header_bytes;

	if (header->header_bytes < INFO_HEADER_BYTES)
		return end;
	if (header->header_bytes == INFO_HEADER_BYTES && header->compression == BI_BITFIELDS)
		end += 12;
	if (header->header_bytes == INFO_HEADER_BYTES && header->compression == BI_ALPHABITFIELDS)
		end += 16;
	if (header->bits <= 8)
	{
		uint32_t most = UINT32_C(1) << header->bits;

		end +=
		    4 * (uint64_t) (header->colours > 0 && header->colours < most ? header->colours : most);
	}
	return end;
}

/*
 * Follows run-length codes to the bitmap's end, which a code marks, or to that of its last row: a
 * byte of 0 begins a mark, a step or pixels one by one, which end on a 16-bit word; any other is a
 * count, before the pixel or two that repeat.
 */
static NachetPictureStatus
check_runs(NachetReader *reader, const BmpHeader *header, uint64_t offset)
{
	uint32_t pixel_bytes = header->bits == 24 ? 3 : 1;

	for (uint32_t rows = 0; rows < header->height;)
	{
		const unsigned char *code = nachet_picture_peek(reader, offset, 2, PIXELS_CUT_OFF);

		if (code == NULL)
			return reader->status;
		if (code[0] != 0)
			offset += 1 + pixel_bytes;
		else if (code[1] == RLE_ROW_ENDS)
		{
			offset += 2;
			rows++;
		}
		else if (code[1] == RLE_BITMAP_ENDS)
			return NACHET_PICTURE_OK;
		else if (code[1] == RLE_STEP)
		{
			code = nachet_picture_peek(reader, offset, 4, PIXELS_CUT_OFF);
			if (code == NULL)
				return reader->status;
			offset += 4;
			rows += code[3];
		}
		else
			offset += 2 + ((uint32_t) code[1] * header->bits + 15) / 16 * 2;
	}
	return NACHET_PICTURE_OK;
}

/* The size has been checked: width * bits and the rows' sum stay far below 64 bits. */
static NachetPictureStatus
check_pixels(NachetReader *reader, const BmpHeader *header)
{
	uint64_t offset = end_of_tables(header);
	uint64_t bytes;

	if (header->pixel_offset < FILE_HEADER_BYTES + header->header_bytes)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "BMP: the pixels overlap the header");
	if (offset < header->pixel_offset)
		offset = header->pixel_offset;
	if (is_compressed(header))
	{
		bytes = header->image_bytes;
		if (bytes == 0 && header->bits == 1)
			return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
			                             "BMP: compressed pixels without their size");
		if (bytes == 0)
			return check_runs(reader, header, offset);
	}
	else
	{
		/* Rows are padded to whole 32-bit words. */
		bytes = ((uint64_t) header->width * header->bits + 31) / 32 * 4 * header->height;
	}
	if (!nachet_picture_within(reader, offset, bytes))
		return nachet_picture_refuse(reader, NACHET_PICTURE_TRUNCATED, PIXELS_CUT_OFF);
	return NACHET_PICTURE_OK;
}

NachetPictureStatus
nachet_picture_bmp_read(NachetReader *reader)
{
	BmpHeader header = {0};
	NachetPictureStatus status;
	const unsigned char *bytes = nachet_picture_peek(reader, 0, FILE_HEADER_BYTES + 4, CUT_OFF);

	/* "BM" alone is no signature: a text may begin so. */
	if (bytes != NULL)
		header.header_bytes = nachet_get_32le(bytes + FILE_HEADER_BYTES);
	else if (reader->status == NACHET_PICTURE_READ_FAILED)
		return reader->status;
	if (bytes == NULL || !header_size_known(header.header_bytes))
		return nachet_picture_refuse_unknown(reader);

	status = read_header(reader, &header);
	if (status == NACHET_PICTURE_OK)
		status = nachet_picture_set_size(reader, header.width, header.height);
	if (status != NACHET_PICTURE_OK)
		return status;
	if (header.planes != 1)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "BMP: the number of planes is not 1");
	if (!bits_allowed(&header))
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "BMP: invalid bits per pixel for its compression");
	status = check_pixels(reader, &header);
	if (status == NACHET_PICTURE_OK && header.header_bytes == V5_HEADER_BYTES)
		status = check_profile(reader);
	return status;
}

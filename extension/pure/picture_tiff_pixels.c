/*
 * extension/pure/picture_tiff_pixels.c
 *		TIFF: the pixels of one directory, in strips, tiles, a JPEG stream or the planes of a
 *		stack.
 *
 * Whatever the tables point to must lie within the source, and be large enough for its rows:
 * exactly if nothing is compressed, and else for the most that its compression can make of a byte.
 * As libtiff does (TIFFReadDirectory, EstimateStripByteCounts), an image of one strip is read by
 * its size if the strip's byte count is missing, 0 or impossible; old fax software and editors
 * leave such counts.
 */
#include "picture_tiff.h"

#include <string.h>

#define PIXELS_CUT_OFF "truncated TIFF: pixels are missing"

#define COMPRESSION_NONE        1
#define COMPRESSION_LZW         5
#define COMPRESSION_JPEG        7
#define COMPRESSION_DEFLATE     8
#define COMPRESSION_PACKBITS    32773
#define COMPRESSION_OLD_DEFLATE 32946
#define COMPRESSION_LZMA        34925
#define COMPRESSION_ZSTD        50000
#define COMPRESSION_WEBP        50001
#define PHOTOMETRIC_YCBCR       6
#define PLANAR_SEPARATE         2
#define STACK_DESCRIPTION_BYTES 1024

/* How an image is cut in strips or tiles, and what each takes. */
typedef struct TiffLayout
{
	bool tiled;
	uint64_t per_plane;
	uint64_t pieces;
	uint64_t row_bytes; /* before compression; 0 if unknown */
	uint64_t most;      /* bytes before compression that one byte may hold; 0 if unknown */
	uint64_t rows;
	uint64_t last_rows; /* in the last strip of a plane; a tile is always whole */
} TiffLayout;

/* The strip or tile that ends last, which a file that ends too early, or in zeros, shows first. */
typedef struct LastPiece
{
	uint64_t offset;
	uint64_t count;
} LastPiece;

static NachetPictureStatus
malformed(NachetTiff *tiff, const char *reason)
{
	return nachet_picture_refuse(tiff->reader, NACHET_PICTURE_MALFORMED, reason);
}

static NachetPictureStatus
pixels_cut_off(NachetTiff *tiff)
{
	return nachet_picture_refuse(tiff->reader, NACHET_PICTURE_TRUNCATED, PIXELS_CUT_OFF);
}

/* A product that stops at the largest number: no honest extent comes near it. */
static uint64_t
multiply(uint64_t a, uint64_t b)
{
	return a != 0 && b > UINT64_MAX / a ? UINT64_MAX : a * b;
}

static uint64_t
divide_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

/*
 * The most that a byte can hold, rounded up. Sections 9 (PackBits: two bytes repeat one 128 times)
 * and 13 (LZW: a code of 12 bits stands for fewer than 4,096 bytes); RFC 1951 (deflate: see
 * picture_png.c).
 */
static uint64_t
most_from_byte(uint64_t compression)
{
	switch (compression)
	{
		case COMPRESSION_NONE:
			return 1;
		case COMPRESSION_PACKBITS:
			return 64;
		case COMPRESSION_LZW:
			return 4096 * 8 / 12;
		case COMPRESSION_DEFLATE:
		case COMPRESSION_OLD_DEFLATE:
			return 1032;
		default:
			return 0;
	}
}

/*
 * Section 3 (RowsPerStrip, StripOffsets) and section 15 (TileOffsets): how many pieces there are.
 */
static NachetPictureStatus
compute_layout(NachetTiff *tiff, const NachetTiffDirectory *directory, TiffLayout *layout)
{
	uint64_t columns = directory->width;
	uint64_t samples = directory->planar == PLANAR_SEPARATE ? 1 : directory->samples;

	if (directory->width == 0 || directory->height == 0 || directory->samples == 0 ||
	    directory->rows_per_strip == 0)
		return malformed(tiff, "TIFF: an image without width, height, samples or rows");
	layout->tiled = directory->tile_width != 0 && directory->tile_length != 0;
	if (layout->tiled)
	{
		columns = directory->tile_width;
		layout->rows = layout->last_rows = directory->tile_length;
		layout->per_plane = multiply(divide_up(directory->width, directory->tile_width),
		                             divide_up(directory->height, directory->tile_length));
	}
	else
	{
		layout->rows = directory->rows_per_strip < directory->height ? directory->rows_per_strip
		                                                             : directory->height;
		layout->per_plane = divide_up(directory->height, layout->rows);
		layout->last_rows = directory->height - (layout->per_plane - 1) * layout->rows;
	}
	layout->pieces = layout->per_plane;
	if (directory->planar == PLANAR_SEPARATE)
		layout->pieces = multiply(layout->per_plane, directory->samples);

	/*
	 * Section 7: rows start on byte boundaries. Section 21: subsampled YCbCr is packed otherwise.
	 */
	layout->most = most_from_byte(directory->compression);
	layout->row_bytes = 0;
	if (layout->most != 0 && directory->photometric != PHOTOMETRIC_YCBCR)
		layout->row_bytes = divide_up(multiply(multiply(columns, directory->bits), samples), 8);
	return NACHET_PICTURE_OK;
}

/* Whether a strip's or tile's bytes are as many as its rows make: nothing is compressed. */
static bool
size_is_known(const TiffLayout *layout)
{
	return layout->row_bytes != 0 && layout->most == 1;
}

/* The bytes that a strip or tile cannot do without; 0 if unknown. */
static uint64_t
minimum_bytes(const TiffLayout *layout, uint64_t number)
{
	bool last = number % layout->per_plane == layout->per_plane - 1;

	if (layout->row_bytes == 0)
		return 0;
	return divide_up(multiply(layout->row_bytes, last ? layout->last_rows : layout->rows),
	                 layout->most);
}

/*
 * The count by which libtiff reads an image's only strip, whatever its own count: that of its rows,
 * or, if it is compressed and the count is 0, up to the end.
 */
static uint64_t
believable_count(const NachetTiff *tiff, const TiffLayout *layout, uint64_t offset, uint64_t count)
{
	uint64_t size = tiff->reader->source->size;

	if (size_is_known(layout))
		return minimum_bytes(layout, 0);
	return count == 0 && offset < size ? size - offset : count;
}

/*
 * One strip or tile: within the source, and large enough for its rows. A tile of offset 0 and count
 * 0 is one that was never drawn, as slide scanners and GDAL write it. A strip is not: libtiff opens
 * none.
 */
static NachetPictureStatus
check_piece(NachetTiff *tiff, const TiffLayout *layout, uint64_t number, uint64_t offset,
            uint64_t count, LastPiece *last)
{
	uint64_t minimum = minimum_bytes(layout, number);

	if (count == 0 && ((offset == 0 && layout->tiled) || number >= layout->pieces))
		return NACHET_PICTURE_OK;
	if (layout->pieces == 1 && number == 0 && offset != 0)
		count = believable_count(tiff, layout, offset, count);
	if (count == 0)
		return malformed(tiff, "TIFF: a strip or tile is empty");
	if (!nachet_picture_within(tiff->reader, offset, count))
		return pixels_cut_off(tiff);
	if (count < minimum && number < layout->pieces)
		return malformed(tiff, "TIFF: a strip or tile is shorter than its rows");
	nachet_picture_tiff_claim(tiff, offset, count);
	if (offset + count >= last->offset + last->count)
		*last = (LastPiece){offset, count};
	return NACHET_PICTURE_OK;
}

/* Reads both tables in step, a window at a time: they may have a million entries. */
static NachetPictureStatus
check_pieces(NachetTiff *tiff, const NachetTiffDirectory *directory, LastPiece *last)
{
	const NachetTiffField *offsets = &directory->offsets;
	const NachetTiffField *counts = &directory->counts;
	TiffLayout layout;
	NachetPictureStatus status = compute_layout(tiff, directory, &layout);

	if (status != NACHET_PICTURE_OK)
		return status;
	if (offsets->count < layout.pieces || (counts->count != 0 && counts->count < layout.pieces))
		return malformed(tiff, "TIFF: fewer strips or tiles than its rows need");
	/* Old writers leave the counts out; like libtiff, accept it for one strip in each plane. */
	if (counts->count == 0 && layout.per_plane != 1)
		return malformed(tiff, "TIFF: strips or tiles without their byte counts");

	status = nachet_picture_tiff_spend(
	    tiff, multiply(offsets->count, nachet_picture_tiff_type_bytes(offsets->type)));
	if (status == NACHET_PICTURE_OK && counts->count != 0)
		status = nachet_picture_tiff_spend(
		    tiff, multiply(counts->count, nachet_picture_tiff_type_bytes(counts->type)));

	for (uint64_t i = 0; i < offsets->count && status == NACHET_PICTURE_OK; i++)
	{
		uint64_t offset;
		uint64_t count;

		if (counts->count != 0 && i >= counts->count)
			break;
		if (!nachet_picture_tiff_value(tiff, &tiff->reader->window, offsets, i, &offset))
			return tiff->reader->status;
		if (counts->count == 0)
			count = believable_count(tiff, &layout, offset, 0);
		else if (!nachet_picture_tiff_value(tiff, &tiff->counts_window, counts, i, &count))
			return tiff->reader->status;
		status = check_piece(tiff, &layout, i, offset, count, last);
	}
	return status;
}

/*
 * Whether no stream of this compression ends in zeros: all have a mark, a checksum or a last code
 * at their end, and one to begin with.
 */
static bool
never_ends_in_zeros(uint64_t compression)
{
	return compression == COMPRESSION_LZW || compression == COMPRESSION_JPEG ||
	       compression == COMPRESSION_DEFLATE || compression == COMPRESSION_OLD_DEFLATE ||
	       compression == COMPRESSION_LZMA || compression == COMPRESSION_ZSTD ||
	       compression == COMPRESSION_WEBP;
}

/*
 * A file that was never written to its end, or not after a crash, ends in zeros on many file
 * systems.
 */
static NachetPictureStatus
check_end(NachetTiff *tiff, const NachetTiffDirectory *directory, const LastPiece *last)
{
	bool zeros = false;

	if (!never_ends_in_zeros(directory->compression))
		return NACHET_PICTURE_OK;
	if (!nachet_picture_ends_in_zeros(tiff->reader, last->offset, last->count, &zeros))
		return tiff->reader->status;
	return zeros ? malformed(tiff, "TIFF: damaged: its pixels end in zeros") : NACHET_PICTURE_OK;
}

NachetPictureStatus
nachet_picture_tiff_check_pixels(NachetTiff *tiff, const NachetTiffDirectory *directory,
                                 bool *drawn)
{
	LastPiece last = {0, 0};

	if (directory->offsets.count != 0)
	{
		NachetPictureStatus status = check_pieces(tiff, directory, &last);

		if (status == NACHET_PICTURE_OK && last.count != 0)
			status = check_end(tiff, directory, &last);
		if (status != NACHET_PICTURE_OK)
			return status;
	}
	*drawn = last.count != 0;

	/*
	 * Section 22, old-style JPEG, and Exif's thumbnails: one stream beside the strips or instead of
	 * them.
	 */
	if (directory->jpeg_length != 0)
	{
		if (!nachet_picture_within(tiff->reader, directory->jpeg_offset, directory->jpeg_length))
			return pixels_cut_off(tiff);
		nachet_picture_tiff_claim(tiff, directory->jpeg_offset, directory->jpeg_length);
		*drawn = true;
	}
	return NACHET_PICTURE_OK;
}

/* --- stacks of one directory ------------------------------------------------------------------ */

/* The number that starts at *at, which is moved behind it; 0 if there is none. */
static uint64_t
read_decimal(const char *text, size_t length, size_t *at)
{
	uint64_t number = 0;

	for (; *at < length && text[*at] >= '0' && text[*at] <= '9'; (*at)++)
		number = multiply(number, 10) + (uint64_t) (text[*at] - '0');
	return number;
}

/* Where words end in a text; 0 if they are not in it. */
static size_t
behind(const char *text, size_t length, const char *words)
{
	size_t count = strlen(words);

	for (size_t at = 0; at + count <= length; at++)
		if (memcmp(text + at, words, count) == 0)
			return at + count;
	return 0;
}

/*
 * How many planes the description claims: ImageJ's "images=", or the product of tifffile's "shape",
 * which counts rows, columns and samples too. 0 if it claims none.
 */
static uint64_t
planes_described(const char *text, size_t length, const NachetTiffDirectory *directory)
{
	uint64_t product = 1;
	size_t at;

	if (length >= 7 && memcmp(text, "ImageJ=", 7) == 0)
	{
		at = behind(text, length, "\nimages=");
		return at == 0 ? 0 : read_decimal(text, length, &at);
	}
	at = behind(text, length, "\"shape\": [");
	if (at == 0)
		return 0;
	while (at < length && text[at] != ']')
	{
		product = multiply(product, read_decimal(text, length, &at));
		while (at < length && text[at] != ']' && (text[at] < '0' || text[at] > '9'))
			at++;
	}
	return product / multiply(multiply(directory->width, directory->height), directory->samples);
}

/*
 * ImageJ beyond 4 GiB, tifffile on request and MetaMorph describe the first plane alone, and put
 * the others right behind it, without compression, up to the file's end. A description may be
 * another file's, as editors keep it: only bytes behind the first plane that belong to nothing
 * else, but are fewer than its planes, show a stack that was cut.
 */
NachetPictureStatus
nachet_picture_tiff_check_stack(NachetTiff *tiff, const NachetTiffDirectory *directory)
{
	uint64_t size = tiff->reader->source->size;
	uint64_t planes = directory->stack.count;
	uint64_t plane_bytes;
	TiffLayout layout;
	NachetPictureStatus status;
	uint64_t first;

	if (directory->offsets.count == 0 || tiff->extent >= size)
		return NACHET_PICTURE_OK;
	status = compute_layout(tiff, directory, &layout);
	if (status != NACHET_PICTURE_OK)
		return status;
	if (!size_is_known(&layout) || layout.tiled)
		return NACHET_PICTURE_OK;
	if (planes == 0)
	{
		size_t length = STACK_DESCRIPTION_BYTES;
		const unsigned char *text =
		    nachet_picture_tiff_text(tiff, &directory->description, &length);

		if (text == NULL)
			return tiff->reader->status;
		planes = planes_described((const char *) text, length, directory);
	}
	if (!nachet_picture_tiff_value(tiff, &tiff->reader->window, &directory->offsets, 0, &first))
		return tiff->reader->status;
	plane_bytes = multiply(layout.row_bytes, directory->height);
	plane_bytes = multiply(plane_bytes, layout.pieces / layout.per_plane);
	if (tiff->extent <= first + plane_bytes && planes > 1 &&
	    !nachet_picture_within(tiff->reader, first, multiply(planes, plane_bytes)))
		return nachet_picture_refuse(tiff->reader, NACHET_PICTURE_TRUNCATED,
		                             "truncated TIFF: planes of its stack are missing");
	return NACHET_PICTURE_OK;
}

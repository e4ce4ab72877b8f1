/*
 * extension/pure/picture_tiff.c
 *		TIFF 6.0 (Adobe, 1992) with its Technical Notes 1 and 2, and BigTIFF.
 *
 * Every directory that can be reached is visited, and whatever it points to must lie within the
 * source: values, strips, tiles, further directories. The size is the first directory's.
 *
 * Offsets may point anywhere, so nothing in the bytes bounds the walk. A budget does: the
 * directories and strip tables of an honest file take no more room than the file has, so what they
 * take in sum is held to a small multiple of that; and as in libtiff there are at most 1,048,576
 * directories. A loop, however long, ends there.
 */
#include "picture_formats.h"

#include <string.h>

#define MAX_DIRECTORIES 1048576
#define MAX_DEPTH       8
/* Some writers let directories share tables, which the budget then counts once for each. */
#define BUDGET_FACTOR 4

#define DIRECTORY_CUT_OFF "truncated TIFF: a directory is cut off"
#define VALUE_CUT_OFF     "truncated TIFF: a field's value is cut off"
#define PIXELS_CUT_OFF    "truncated TIFF: pixels are missing"

#define COMPRESSION_NONE   1
#define PHOTOMETRIC_YCBCR  6
#define PLANAR_SEPARATE    2
#define ROWS_PER_STRIP_ALL UINT32_MAX

typedef enum TiffTag
{
	TAG_IMAGE_WIDTH = 256,
	TAG_IMAGE_LENGTH = 257,
	TAG_BITS_PER_SAMPLE = 258,
	TAG_COMPRESSION = 259,
	TAG_PHOTOMETRIC = 262,
	TAG_STRIP_OFFSETS = 273,
	TAG_SAMPLES_PER_PIXEL = 277,
	TAG_ROWS_PER_STRIP = 278,
	TAG_STRIP_BYTE_COUNTS = 279,
	TAG_PLANAR_CONFIGURATION = 284,
	TAG_TILE_WIDTH = 322,
	TAG_TILE_LENGTH = 323,
	TAG_TILE_OFFSETS = 324,
	TAG_TILE_BYTE_COUNTS = 325,
	TAG_SUB_IFDS = 330,
	TAG_JPEG_INTERCHANGE_FORMAT = 513,
	TAG_JPEG_INTERCHANGE_FORMAT_LENGTH = 514,
	TAG_EXIF_IFD = 34665,
	TAG_GPS_IFD = 34853,
	TAG_INTEROPERABILITY_IFD = 40965
} TiffTag;

/* A field as its directory gives it; value_offset is where the first value lies, inline or not. */
typedef struct TiffField
{
	uint16_t tag;
	uint16_t type;
	uint64_t count; /* 0 where the directory has no such field */
	uint64_t value_offset;
	bool inlined;
} TiffField;

/* The fields that matter here; the numbers have the defaults of TIFF 6.0, section 8. */
typedef struct TiffDirectory
{
	uint64_t width;
	uint64_t height;
	uint64_t bits;
	uint64_t compression;
	uint64_t photometric;
	uint64_t samples;
	uint64_t rows_per_strip;
	uint64_t planar;
	uint64_t tile_width;
	uint64_t tile_length;
	uint64_t jpeg_offset;
	uint64_t jpeg_length;
	TiffField offsets; /* strips or tiles: libtiff takes either pair for either kind */
	TiffField counts;
	TiffField children[4]; /* sub-IFDs, Exif, GPS, interoperability */
	uint64_t next;
} TiffDirectory;

typedef struct TiffFile
{
	NachetReader *reader;
	NachetWindow
	    counts_window; /* strip offsets and byte counts are two tables, read side by side */
	bool big_endian;
	bool big; /* BigTIFF */
	uint64_t budget;
	uint32_t directories;
} TiffFile;

/* How an image is cut in strips or tiles, and what each takes where nothing is compressed. */
typedef struct TiffLayout
{
	uint64_t per_plane;
	uint64_t pieces;
	uint64_t row_bytes;
	uint64_t rows;
	uint64_t last_rows; /* in the last strip of a plane; a tile is always whole */
} TiffLayout;

static NachetPictureStatus walk_chain(TiffFile *file, uint64_t offset, bool pages, int depth);

static NachetPictureStatus
malformed(TiffFile *file, const char *reason)
{
	return nachet_picture_refuse(file->reader, NACHET_PICTURE_MALFORMED, reason);
}

static NachetPictureStatus
truncated(TiffFile *file, const char *reason)
{
	return nachet_picture_refuse(file->reader, NACHET_PICTURE_TRUNCATED, reason);
}

/* Product and sum that stop at the largest number: no honest extent comes near it. */
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

static uint64_t
get_number(const TiffFile *file, const unsigned char *bytes, size_t length)
{
	switch (length)
	{
		case 1:
			return bytes[0];
		case 2:
			return file->big_endian ? nachet_get_16be(bytes) : nachet_get_16le(bytes);
		case 4:
			return file->big_endian ? nachet_get_32be(bytes) : nachet_get_32le(bytes);
		default:
			return file->big_endian ? nachet_get_64be(bytes) : nachet_get_64le(bytes);
	}
}

/* Section 2, "Types", Technical Note 1 (13, IFD) and BigTIFF (16 to 18); 0 for a type unknown. */
static size_t
type_bytes(uint16_t type)
{
	static const unsigned char bytes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};

	return type < sizeof(bytes) ? bytes[type] : 0;
}

/*
 * Whether an offset, a count or a side may have this type. Section 2 asks readers to accept any
 * integer type there; a negative number is then one too large.
 */
static bool
is_integer(uint16_t type)
{
	/* BYTE, SHORT, LONG, their signed kin, IFD, and BigTIFF's LONG8, SLONG8 and IFD8 */
	return type == 1 || type == 3 || type == 4 || type == 6 || type == 8 || type == 9 ||
	       type == 13 || (type >= 16 && type <= 18);
}

/* The numbered value of a field, through the given window. */
static bool
read_value(TiffFile *file, NachetWindow *window, const TiffField *field, uint64_t number,
           uint64_t *value)
{
	size_t length = type_bytes(field->type);
	const unsigned char *bytes = nachet_picture_peek_in(
	    file->reader, window, field->value_offset + number * length, length, VALUE_CUT_OFF);

	if (bytes == NULL)
		return false;
	*value = get_number(file, bytes, length);
	return true;
}

static NachetPictureStatus
spend(TiffFile *file, uint64_t bytes)
{
	if (bytes > file->budget)
		return malformed(file, "TIFF: its directories loop or overlap");
	file->budget -= bytes;
	return NACHET_PICTURE_OK;
}

/*
 * Section 2: tag, type, number of values, and the values themselves where they fit in an offset's
 * room, else the offset. A field of unknown type is left alone, as the section asks of readers.
 */
static NachetPictureStatus
read_field(TiffFile *file, uint64_t offset, TiffField *field)
{
	size_t word = file->big ? 8 : 4;
	const unsigned char *entry =
	    nachet_picture_peek(file->reader, offset, 4 + 2 * word, DIRECTORY_CUT_OFF);
	uint64_t bytes;

	if (entry == NULL)
		return file->reader->status;
	field->tag = (uint16_t) get_number(file, entry, 2);
	field->type = (uint16_t) get_number(file, entry + 2, 2);
	field->count = get_number(file, entry + 4, word);
	field->value_offset = offset + 4 + word;
	bytes = multiply(field->count, type_bytes(field->type));
	field->inlined = bytes <= word;
	if (!field->inlined)
	{
		field->value_offset = get_number(file, entry + 4 + word, word);
		if (!nachet_picture_within(file->reader, field->value_offset, bytes))
			return truncated(file, VALUE_CUT_OFF);
	}
	return NACHET_PICTURE_OK;
}

/* Where a number with this tag is kept, or NULL for the tags of no concern. */
static uint64_t *
number_of_tag(TiffDirectory *directory, uint16_t tag)
{
	switch ((TiffTag) tag)
	{
		case TAG_IMAGE_WIDTH:
			return &directory->width;
		case TAG_IMAGE_LENGTH:
			return &directory->height;
		case TAG_BITS_PER_SAMPLE:
			return &directory->bits;
		case TAG_COMPRESSION:
			return &directory->compression;
		case TAG_PHOTOMETRIC:
			return &directory->photometric;
		case TAG_SAMPLES_PER_PIXEL:
			return &directory->samples;
		case TAG_ROWS_PER_STRIP:
			return &directory->rows_per_strip;
		case TAG_PLANAR_CONFIGURATION:
			return &directory->planar;
		case TAG_TILE_WIDTH:
			return &directory->tile_width;
		case TAG_TILE_LENGTH:
			return &directory->tile_length;
		case TAG_JPEG_INTERCHANGE_FORMAT:
			return &directory->jpeg_offset;
		case TAG_JPEG_INTERCHANGE_FORMAT_LENGTH:
			return &directory->jpeg_length;
		default:
			return NULL;
	}
}

/* Where a field with this tag is kept as it is, to be followed later; NULL for others. */
static TiffField *
table_of_tag(TiffDirectory *directory, uint16_t tag)
{
	switch ((TiffTag) tag)
	{
		case TAG_STRIP_OFFSETS:
		case TAG_TILE_OFFSETS:
			return &directory->offsets;
		case TAG_STRIP_BYTE_COUNTS:
		case TAG_TILE_BYTE_COUNTS:
			return &directory->counts;
		case TAG_SUB_IFDS:
			return &directory->children[0];
		case TAG_EXIF_IFD:
			return &directory->children[1];
		case TAG_GPS_IFD:
			return &directory->children[2];
		case TAG_INTEROPERABILITY_IFD:
			return &directory->children[3];
		default:
			return NULL;
	}
}

/*
 * Keeps what matters of a field. A number of several values (BitsPerSample) counts by its first:
 * the samples of a pixel are alike in every file that ordinary readers open.
 */
static NachetPictureStatus
keep_field(TiffFile *file, TiffDirectory *directory, const TiffField *field)
{
	uint64_t *number = number_of_tag(directory, field->tag);
	TiffField *table = table_of_tag(directory, field->tag);

	if ((number == NULL && table == NULL) || field->count == 0)
		return NACHET_PICTURE_OK;
	if (!is_integer(field->type))
		return malformed(file, "TIFF: a field has the wrong type");
	if (table != NULL)
		*table = *field;
	else
	{
		NachetWindow *window = &file->reader->window;

		/* Out of line through the second window, so that the directory stays in the first. */
		if (!field->inlined)
		{
			NachetPictureStatus status = spend(file, NACHET_WINDOW_HOP_READ);

			if (status != NACHET_PICTURE_OK)
				return status;
			window = &file->counts_window;
		}
		if (!read_value(file, window, field, 0, number))
			return file->reader->status;
	}
	return NACHET_PICTURE_OK;
}

/*
 * Reads a directory's fields and the offset of the next; checks that all values lie in the source.
 */
static NachetPictureStatus
read_directory(TiffFile *file, uint64_t offset, bool page, TiffDirectory *directory)
{
	size_t word = file->big ? 8 : 4;
	size_t count_bytes = file->big ? 8 : 2;
	size_t entry_bytes = 4 + 2 * word;
	const unsigned char *bytes =
	    nachet_picture_peek(file->reader, offset, count_bytes, DIRECTORY_CUT_OFF);
	uint64_t count;
	NachetPictureStatus status;

	memset(directory, 0, sizeof(*directory));
	directory->bits = 1;
	directory->compression = COMPRESSION_NONE;
	directory->samples = 1;
	directory->rows_per_strip = ROWS_PER_STRIP_ALL;
	directory->planar = 1;

	if (bytes == NULL)
		return file->reader->status;
	count = get_number(file, bytes, count_bytes);
	offset += count_bytes;
	/* Section 2: each directory has at least one field; Exif's are met without any. */
	if (count == 0 && page)
		return malformed(file, "TIFF: a directory without a field");
	if (count > file->reader->source->size / entry_bytes ||
	    !nachet_picture_within(file->reader, offset, count * entry_bytes + word))
		return truncated(file, DIRECTORY_CUT_OFF);
	status = spend(file, count_bytes + count * entry_bytes + word);

	for (uint64_t i = 0; i < count && status == NACHET_PICTURE_OK; i++)
	{
		TiffField field;

		status = read_field(file, offset, &field);
		if (status == NACHET_PICTURE_OK)
			status = keep_field(file, directory, &field);
		offset += entry_bytes;
	}
	if (status != NACHET_PICTURE_OK)
		return status;

	bytes = nachet_picture_peek(file->reader, offset, word, DIRECTORY_CUT_OFF);
	if (bytes == NULL)
		return file->reader->status;
	directory->next = get_number(file, bytes, word);
	return NACHET_PICTURE_OK;
}

/*
 * Section 3 (RowsPerStrip, StripOffsets) and section 15 (TileOffsets): how many pieces there are.
 */
static NachetPictureStatus
compute_layout(TiffFile *file, const TiffDirectory *directory, TiffLayout *layout)
{
	bool tiled = directory->tile_width != 0 && directory->tile_length != 0;
	uint64_t columns = directory->width;
	uint64_t samples = directory->planar == PLANAR_SEPARATE ? 1 : directory->samples;

	if (directory->width == 0 || directory->height == 0 || directory->samples == 0 ||
	    directory->rows_per_strip == 0)
		return malformed(file, "TIFF: an image without width, height, samples or rows");
	if (tiled)
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
	layout->row_bytes = 0;
	if (directory->compression == COMPRESSION_NONE && directory->photometric != PHOTOMETRIC_YCBCR)
		layout->row_bytes = divide_up(multiply(multiply(columns, directory->bits), samples), 8);
	return NACHET_PICTURE_OK;
}

/* The bytes that a strip or tile cannot do without: known where nothing is compressed, else 0. */
static uint64_t
least_bytes(const TiffLayout *layout, uint64_t number)
{
	bool last = number % layout->per_plane == layout->per_plane - 1;

	return multiply(layout->row_bytes, last ? layout->last_rows : layout->rows);
}

/*
 * One strip or tile: within the source, and large enough where its size is known. A count of 0 with
 * an offset of 0 is a hole, as GDAL writes it for what was never drawn; *drawn tells of any other.
 */
static NachetPictureStatus
check_piece(TiffFile *file, const TiffLayout *layout, uint64_t number, uint64_t offset,
            uint64_t count, bool *drawn)
{
	uint64_t least = least_bytes(layout, number);

	if (count == 0 && offset == 0)
		return NACHET_PICTURE_OK;
	/* Like libtiff: where there is one strip only, its size is believed before its count. */
	if (count < least && layout->pieces == 1)
		count = least;
	if (count == 0)
		return malformed(file, "TIFF: a strip or tile is empty");
	if (!nachet_picture_within(file->reader, offset, count))
		return truncated(file, PIXELS_CUT_OFF);
	if (count < least && number < layout->pieces)
		return malformed(file, "TIFF: a strip or tile is shorter than its rows");
	*drawn = true;
	return NACHET_PICTURE_OK;
}

/* Reads both tables in step, a window at a time: they may have a million entries. */
static NachetPictureStatus
check_pieces(TiffFile *file, const TiffDirectory *directory, bool *drawn)
{
	const TiffField *offsets = &directory->offsets;
	const TiffField *counts = &directory->counts;
	TiffLayout layout;
	NachetPictureStatus status = compute_layout(file, directory, &layout);

	if (status != NACHET_PICTURE_OK)
		return status;
	if (offsets->count < layout.pieces || (counts->count != 0 && counts->count < layout.pieces))
		return malformed(file, "TIFF: fewer strips or tiles than its rows need");
	/* Old writers leave the counts out; like libtiff, accept it where they can be computed. */
	if (counts->count == 0 && (layout.row_bytes == 0 || layout.per_plane != 1))
		return malformed(file, "TIFF: strips or tiles without their byte counts");

	status = spend(file, multiply(offsets->count, type_bytes(offsets->type)));
	if (status == NACHET_PICTURE_OK && counts->count != 0)
		status = spend(file, multiply(counts->count, type_bytes(counts->type)));

	for (uint64_t i = 0; i < offsets->count && status == NACHET_PICTURE_OK; i++)
	{
		uint64_t offset;
		uint64_t count = least_bytes(&layout, i);

		if (counts->count != 0 && i >= counts->count)
			break;
		if (!read_value(file, &file->reader->window, offsets, i, &offset))
			return file->reader->status;
		if (counts->count != 0 && !read_value(file, &file->counts_window, counts, i, &count))
			return file->reader->status;
		status = check_piece(file, &layout, i, offset, count, drawn);
	}
	return status;
}

/*
 * The pixels of one directory. Only the first page has to have any; others may be Exif or the like.
 */
static NachetPictureStatus
check_image(TiffFile *file, const TiffDirectory *directory, bool first)
{
	NachetPictureStatus status = NACHET_PICTURE_OK;
	bool drawn = false;

	if (first)
		status = nachet_picture_set_size(file->reader, directory->width, directory->height);
	if (status == NACHET_PICTURE_OK && directory->offsets.count != 0)
		status = check_pieces(file, directory, &drawn);
	if (status != NACHET_PICTURE_OK)
		return status;

	/*
	 * Section 22, old-style JPEG, and Exif's thumbnails: one stream beside the strips or in their
	 * place.
	 */
	if (directory->jpeg_length != 0)
	{
		if (!nachet_picture_within(file->reader, directory->jpeg_offset, directory->jpeg_length))
			return truncated(file, PIXELS_CUT_OFF);
		drawn = true;
	}
	if (first && !drawn)
		return malformed(file, "TIFF: it holds no pixels");
	return NACHET_PICTURE_OK;
}

/*
 * Visits the directories that a directory points to: Technical Note 1 (sub-IFDs), Exif 2.3, 4.6.3.
 */
static NachetPictureStatus
walk_children(TiffFile *file, const TiffDirectory *directory, int depth)
{
	size_t kinds = sizeof(directory->children) / sizeof(directory->children[0]);

	for (size_t kind = 0; kind < kinds; kind++)
	{
		const TiffField *field = &directory->children[kind];

		for (uint64_t i = 0; i < field->count; i++)
		{
			uint64_t offset;
			NachetPictureStatus status = spend(file, type_bytes(field->type));

			if (status != NACHET_PICTURE_OK)
				return status;
			if (!read_value(file, &file->reader->window, field, i, &offset))
				return file->reader->status;
			if (offset == 0)
				continue;
			if (depth >= MAX_DEPTH)
				return malformed(file, "TIFF: directories within directories without end");
			/* Only sub-IFDs are images and form chains; Exif's directories have fields alone. */
			status = walk_chain(file, offset, kind == 0, depth + 1);
			if (status != NACHET_PICTURE_OK)
				return status;
		}
	}
	return NACHET_PICTURE_OK;
}

/* Visits a directory, what it points to, and, where they are pages, those chained to it. */
static NachetPictureStatus
walk_chain(TiffFile *file, uint64_t offset, bool pages, int depth)
{
	do
	{
		TiffDirectory directory;
		bool first = file->directories == 0;
		NachetPictureStatus status;

		if (file->directories++ >= MAX_DIRECTORIES)
			return malformed(file, "TIFF: its directories loop or overlap");
		status = read_directory(file, offset, pages, &directory);
		if (status == NACHET_PICTURE_OK && pages)
			status = check_image(file, &directory, first);
		if (status == NACHET_PICTURE_OK)
			status = walk_children(file, &directory, depth);
		if (status != NACHET_PICTURE_OK)
			return status;
		offset = directory.next;
	} while (pages && offset != 0);
	return NACHET_PICTURE_OK;
}

NachetPictureStatus
nachet_picture_tiff_read(NachetReader *reader)
{
	/*
	 * Section 2: byte order, 42, offset. BigTIFF: 43, then 8 (bytes an offset has) and 0, offset.
	 */
	const unsigned char *header =
	    nachet_picture_peek(reader, 0, 8, "truncated TIFF: the header is cut off");
	TiffFile file;
	uint64_t offset;

	if (header == NULL)
		return reader->status;
	file.reader = reader;
	nachet_picture_window_init(&file.counts_window);
	file.big_endian = header[0] == 'M';
	file.big = get_number(&file, header + 2, 2) == 43;
	file.budget = multiply(reader->source->size, BUDGET_FACTOR);
	file.directories = 0;

	offset = get_number(&file, header + 4, 4);
	if (file.big)
	{
		if (get_number(&file, header + 4, 2) != 8 || get_number(&file, header + 6, 2) != 0)
			return malformed(&file, "TIFF: offsets of a size other than 8 in a BigTIFF");
		header = nachet_picture_peek(reader, 8, 8, "truncated TIFF: the header is cut off");
		if (header == NULL)
			return reader->status;
		offset = get_number(&file, header, 8);
	}
	if (offset == 0)
		return malformed(&file, "TIFF: it has no directory");
	return walk_chain(&file, offset, true, 0);
}

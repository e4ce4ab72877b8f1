/*
 * extension/pure/picture_tiff.c
 *		TIFF 6.0 (Adobe, 1992) with its Technical Notes 1 and 2, and BigTIFF: its directories.
 *
 * Every image that can be reached is visited, the pages and the sub-directories of each, and its
 * tables, strips and tiles must lie within the source. The size is the first page's; if that is a
 * reduced image, the first image's that is none.
 *
 * What is no image is left alone, as by those who read pictures (libtiff, and what stands on it):
 * the directories of Exif, GPS and interoperability, and the values of all fields that pixels do
 * not need. Editors move and drop them and leave pointers behind, which lead where nothing is, or
 * something else. A cut file shows the beginning of what is missing: bytes at its end that belong
 * to nothing else. By that it is told from a whole one with a pointer too many, to a value or to a
 * further page (see leads_nowhere).
 *
 * Offsets may point anywhere, so nothing in the bytes bounds the walk. A budget does: the
 * directories and strip tables of an honest file take no more room than the file has, so what they
 * take in sum is held to a small multiple of that; and as in libtiff there are at most 1,048,576
 * directories of 4,096 fields. Pages that follow each other in a circle end with the first that
 * comes again; sub-directories may not.
 */
#include "picture_tiff.h"

#include <string.h>

#define MAX_DIRECTORIES 1048576
#define MAX_FIELDS      4096
#define MAX_DEPTH       8
/* Some writers let directories share tables, which the budget then counts once for each. */
#define BUDGET_FACTOR 4

#define DIRECTORY_CUT_OFF "truncated TIFF: a directory is cut off"
#define VALUE_CUT_OFF     "truncated TIFF: a field's value is cut off"
#define LOOP              "TIFF: its directories loop or overlap"

#define COMPRESSION_NONE    1
#define PHOTOMETRIC_COLOURS 3 /* the samples are numbers of the palette */
#define ROWS_PER_STRIP_ALL  UINT32_MAX
#define SUBFILE_REDUCED     1
#define SUBFILE_MASK        4
#define OLD_SUBFILE_REDUCED 2

/* What is kept of a field, by its tag. */
typedef enum KeptAs
{
	KEPT_NUMBER, /* its first value, as a uint64_t */
	KEPT_HINT,   /* the same, if it is one: what pixels do not need */
	KEPT_TABLE,  /* a NachetTiffField, whose integers are read later */
	KEPT_FIELD,  /* the same, of any type and perhaps cut off */
	KEPT_NOT     /* but its values must be there: decoders need them */
} KeptAs;

static const struct
{
	uint16_t tag;
	KeptAs as;
	size_t at; /* in NachetTiffDirectory */
} kept_fields[] = {
#define NUMBER(tag, member)                                                                        \
	{                                                                                              \
		tag, KEPT_NUMBER, offsetof(NachetTiffDirectory, member)                                    \
	}
#define HINT(tag, member)                                                                          \
	{                                                                                              \
		tag, KEPT_HINT, offsetof(NachetTiffDirectory, member)                                      \
	}
#define TABLE(tag, member)                                                                         \
	{                                                                                              \
		tag, KEPT_TABLE, offsetof(NachetTiffDirectory, member)                                     \
	}
#define FIELD(tag, member)                                                                         \
	{                                                                                              \
		tag, KEPT_FIELD, offsetof(NachetTiffDirectory, member)                                     \
	}
    HINT(254, subfile),          /* NewSubfileType */
    HINT(255, old_subfile),      /* SubfileType */
    NUMBER(256, width),          /* ImageWidth */
    NUMBER(257, height),         /* ImageLength */
    NUMBER(258, bits),           /* BitsPerSample */
    NUMBER(259, compression),    /* Compression */
    NUMBER(262, photometric),    /* PhotometricInterpretation */
    FIELD(270, description),     /* ImageDescription */
    FIELD(271, make),            /* Make */
    TABLE(273, offsets),         /* StripOffsets */
    NUMBER(277, samples),        /* SamplesPerPixel */
    NUMBER(278, rows_per_strip), /* RowsPerStrip */
    TABLE(279, counts),          /* StripByteCounts */
    NUMBER(284, planar),         /* PlanarConfiguration */
    FIELD(320, palette),         /* ColorMap */
    NUMBER(322, tile_width),     /* TileWidth */
    NUMBER(323, tile_length),    /* TileLength */
    TABLE(324, offsets),         /* TileOffsets */
    TABLE(325, counts),          /* TileByteCounts */
    TABLE(330, sub_ifds),        /* SubIFDs */
    {338, KEPT_NOT, 0},          /* ExtraSamples */
    {339, KEPT_NOT, 0},          /* SampleFormat */
    {347, KEPT_NOT, 0},          /* JPEGTables */
    NUMBER(513, jpeg_offset),    /* JPEGInterchangeFormat */
    NUMBER(514, jpeg_length),    /* JPEGInterchangeFormatLength */
    {519, KEPT_NOT, 0},          /* JPEGQTables */
    {520, KEPT_NOT, 0},          /* JPEGDCTables */
    {521, KEPT_NOT, 0},          /* JPEGACTables */
    FIELD(33629, stack),         /* UIC2Tag */
    FIELD(50706, dng_version),   /* DNGVersion */
};

static NachetPictureStatus walk_chain(NachetTiff *tiff, uint64_t offset, int depth);

static NachetPictureStatus
malformed(NachetTiff *tiff, const char *reason)
{
	return nachet_picture_refuse(tiff->reader, NACHET_PICTURE_MALFORMED, reason);
}

static NachetPictureStatus
truncated(NachetTiff *tiff, const char *reason)
{
	return nachet_picture_refuse(tiff->reader, NACHET_PICTURE_TRUNCATED, reason);
}

static uint64_t
get_number(const NachetTiff *tiff, const unsigned char *bytes, size_t length)
{
	switch (length)
	{
		case 1:
			return bytes[0];
		case 2:
			return tiff->big_endian ? nachet_get_16be(bytes) : nachet_get_16le(bytes);
		case 4:
			return tiff->big_endian ? nachet_get_32be(bytes) : nachet_get_32le(bytes);
		default:
			return tiff->big_endian ? nachet_get_64be(bytes) : nachet_get_64le(bytes);
	}
}

/* Section 2, "Types", Technical Note 1 (13, IFD) and BigTIFF (16 to 18). */
size_t
nachet_picture_tiff_type_bytes(uint16_t type)
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

bool
nachet_picture_tiff_value(NachetTiff *tiff, NachetWindow *window, const NachetTiffField *field,
                          uint64_t number, uint64_t *value)
{
	size_t length = nachet_picture_tiff_type_bytes(field->type);
	const unsigned char *bytes = nachet_picture_peek_in(
	    tiff->reader, window, field->value_offset + number * length, length, VALUE_CUT_OFF);

	if (bytes == NULL)
		return false;
	*value = get_number(tiff, bytes, length);
	return true;
}

const unsigned char *
nachet_picture_tiff_text(NachetTiff *tiff, const NachetTiffField *field, size_t *length)
{
	if (field->cut_off || nachet_picture_tiff_type_bytes(field->type) != 1)
		*length = 0;
	else if (*length > field->count)
		*length = (size_t) field->count;
	if (*length == 0)
		return (const unsigned char *) "";
	return nachet_picture_peek(tiff->reader, field->value_offset, *length, VALUE_CUT_OFF);
}

NachetPictureStatus
nachet_picture_tiff_spend(NachetTiff *tiff, uint64_t bytes)
{
	if (bytes > tiff->budget)
		return malformed(tiff, LOOP);
	tiff->budget -= bytes;
	return NACHET_PICTURE_OK;
}

void
nachet_picture_tiff_claim(NachetTiff *tiff, uint64_t offset, uint64_t length)
{
	if (tiff->extent < offset + length)
		tiff->extent = offset + length;
}

/* --- a directory ------------------------------------------------------------------------------ */

/*
 * Section 2: tag, type, number of values, and the values themselves if they fit in an offset's
 * room, else the offset. A field of unknown type is left alone, as the section asks of readers.
 */
static NachetPictureStatus
read_field(NachetTiff *tiff, uint64_t offset, NachetTiffField *field)
{
	size_t word = tiff->big ? 8 : 4;
	const unsigned char *entry =
	    nachet_picture_peek(tiff->reader, offset, 4 + 2 * word, DIRECTORY_CUT_OFF);
	uint64_t value_bytes;

	if (entry == NULL)
		return tiff->reader->status;
	field->tag = (uint16_t) get_number(tiff, entry, 2);
	field->type = (uint16_t) get_number(tiff, entry + 2, 2);
	field->count = get_number(tiff, entry + 4, word);
	field->value_offset = offset + 4 + word;
	value_bytes = nachet_picture_tiff_type_bytes(field->type);
	field->inlined = value_bytes == 0 || field->count <= word / value_bytes;
	field->cut_off = false;
	if (!field->inlined)
	{
		field->value_offset = get_number(tiff, entry + 4 + word, word);
		field->cut_off =
		    field->count > UINT64_MAX / value_bytes ||
		    !nachet_picture_within(tiff->reader, field->value_offset, field->count * value_bytes);
		if (!field->cut_off)
			nachet_picture_tiff_claim(tiff, field->value_offset, field->count * value_bytes);
		else if (field->value_offset < tiff->reader->source->size &&
		         (tiff->cut_from == 0 || field->value_offset < tiff->cut_from))
			tiff->cut_from = field->value_offset;
	}
	return NACHET_PICTURE_OK;
}

/*
 * Keeps a number. One of several values (BitsPerSample) counts by its first: the samples of a pixel
 * are alike in every file that ordinary readers open.
 */
static NachetPictureStatus
keep_number(NachetTiff *tiff, const NachetTiffField *field, uint64_t *number)
{
	NachetWindow *window = &tiff->reader->window;

	/* Out of line through the second window, so that the directory stays in the first. */
	if (!field->inlined)
	{
		NachetPictureStatus status = nachet_picture_tiff_spend(tiff, NACHET_WINDOW_HOP_READ);

		if (status != NACHET_PICTURE_OK)
			return status;
		window = &tiff->counts_window;
	}
	if (!nachet_picture_tiff_value(tiff, window, field, 0, number))
		return tiff->reader->status;
	return NACHET_PICTURE_OK;
}

/* Keeps what matters of a field. */
static NachetPictureStatus
keep_field(NachetTiff *tiff, NachetTiffDirectory *directory, const NachetTiffField *field)
{
	const size_t kinds = sizeof(kept_fields) / sizeof(kept_fields[0]);
	size_t i = 0;
	KeptAs as;
	void *place;

	while (i < kinds && kept_fields[i].tag != field->tag)
		i++;
	if (i >= kinds || field->count == 0)
		return NACHET_PICTURE_OK;
	as = kept_fields[i].as;
	place = (char *) directory + kept_fields[i].at;
	if (as == KEPT_HINT && (field->cut_off || !is_integer(field->type)))
		return NACHET_PICTURE_OK;
	if (as != KEPT_FIELD && field->cut_off)
		return truncated(tiff, VALUE_CUT_OFF);
	if (as == KEPT_NOT)
		return NACHET_PICTURE_OK;
	if (as != KEPT_FIELD && !is_integer(field->type))
		return malformed(tiff, "TIFF: a field has the wrong type");
	if (as == KEPT_NUMBER || as == KEPT_HINT)
		return keep_number(tiff, field, place);
	memcpy(place, field, sizeof(*field));
	return NACHET_PICTURE_OK;
}

/* The number of a directory's fields; refused if there is no directory at the offset. */
static NachetPictureStatus
read_count(NachetTiff *tiff, uint64_t offset, uint64_t *count)
{
	size_t count_bytes = tiff->big ? 8 : 2;
	size_t entry_bytes = tiff->big ? 20 : 12;
	const unsigned char *bytes =
	    nachet_picture_peek(tiff->reader, offset, count_bytes, DIRECTORY_CUT_OFF);

	if (bytes == NULL)
		return tiff->reader->status;
	*count = get_number(tiff, bytes, count_bytes);
	/* Section 2: each directory has at least one field. */
	if (*count == 0)
		return malformed(tiff, "TIFF: a directory without a field");
	if (*count > tiff->reader->source->size / entry_bytes ||
	    !nachet_picture_within(tiff->reader, offset + count_bytes, *count * entry_bytes))
		return truncated(tiff, DIRECTORY_CUT_OFF);
	if (*count > MAX_FIELDS)
		return malformed(tiff, "TIFF: a directory of more than 4,096 fields");
	return NACHET_PICTURE_OK;
}

/*
 * The offset of the next directory, behind the fields. If the file ends there, as some writers let
 * it, there is none; but a file that lacks values too was cut.
 */
static NachetPictureStatus
read_next(NachetTiff *tiff, uint64_t offset, NachetTiffDirectory *directory)
{
	size_t word = tiff->big ? 8 : 4;
	const unsigned char *bytes;

	if (offset >= tiff->reader->source->size && !directory->values_cut_off)
		return NACHET_PICTURE_OK;
	bytes = nachet_picture_peek(tiff->reader, offset, word, DIRECTORY_CUT_OFF);
	if (bytes == NULL)
		return tiff->reader->status;
	directory->next = get_number(tiff, bytes, word);
	nachet_picture_tiff_claim(tiff, offset, word);
	return NACHET_PICTURE_OK;
}

static void
init_directory(NachetTiffDirectory *directory)
{
	memset(directory, 0, sizeof(*directory));
	directory->bits = 1;
	directory->compression = COMPRESSION_NONE;
	directory->samples = 1;
	directory->rows_per_strip = ROWS_PER_STRIP_ALL;
	directory->planar = 1;
}

/* Reads a directory's fields, count of them, and the offset of the next. */
static NachetPictureStatus
read_directory(NachetTiff *tiff, uint64_t offset, uint64_t count, NachetTiffDirectory *directory)
{
	size_t count_bytes = tiff->big ? 8 : 2;
	size_t entry_bytes = tiff->big ? 20 : 12;
	NachetPictureStatus status = nachet_picture_tiff_spend(tiff, count_bytes + count * entry_bytes);

	init_directory(directory);
	nachet_picture_tiff_claim(tiff, offset, count_bytes + count * entry_bytes);
	offset += count_bytes;
	for (uint64_t i = 0; i < count && status == NACHET_PICTURE_OK; i++)
	{
		NachetTiffField field = {0};

		status = read_field(tiff, offset, &field);
		directory->values_cut_off = directory->values_cut_off || field.cut_off;
		if (status == NACHET_PICTURE_OK)
			status = keep_field(tiff, directory, &field);
		offset += entry_bytes;
	}
	return status == NACHET_PICTURE_OK ? read_next(tiff, offset, directory) : status;
}

/* --- cameras' raw files ----------------------------------------------------------------------- */

/*
 * Their own files' name by the maker that the first directory names; at best a thumbnail is a TIFF
 * there.
 */
static NachetPictureStatus
find_maker(NachetTiff *tiff, const NachetTiffDirectory *directory)
{
	static const struct
	{
		const char *make;
		const char *reason;
	} makers[] = {
	    {"NIKON", NACHET_RAW_FILE("NEF")},
	    {"SONY", NACHET_RAW_FILE("ARW")},
	    {"PENTAX", NACHET_RAW_FILE("PEF")},
	    {"SAMSUNG", NACHET_RAW_FILE("SRW")},
	};
	size_t length = 16;
	const unsigned char *text = nachet_picture_tiff_text(tiff, &directory->make, &length);

	tiff->raw = "a camera's raw file; export it as TIFF or JPEG";
	if (text == NULL)
		return tiff->reader->status;
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		if (strlen(makers[i].make) <= length &&
		    memcmp(text, makers[i].make, strlen(makers[i].make)) == 0)
			tiff->raw = makers[i].reason;
	return NACHET_PICTURE_OK;
}

/*
 * TIFF/EP and DNG: pixels behind a colour filter (CFA), and linear ones, are no picture yet. The
 * compressions are those of Sony, Epson, Samsung, Nikon and Pentax.
 */
static bool
is_raw(const NachetTiffDirectory *directory)
{
	return directory->photometric == 32803 || directory->photometric == 34892 ||
	       directory->compression == 32767 || directory->compression == 32769 ||
	       directory->compression == 32770 || directory->compression == 34713 ||
	       directory->compression == 65535;
}

/* --- the walk --------------------------------------------------------------------------------- */

static bool
is_reduced(const NachetTiffDirectory *directory)
{
	return (directory->subfile & (SUBFILE_REDUCED | SUBFILE_MASK)) != 0 ||
	       directory->old_subfile == OLD_SUBFILE_REDUCED;
}

/* One image. Only the first page has to have pixels; others may hold anything. */
static NachetPictureStatus
check_image(NachetTiff *tiff, const NachetTiffDirectory *directory, bool first)
{
	NachetPictureStatus status = NACHET_PICTURE_OK;
	bool drawn = false;

	if (first && tiff->main != NACHET_TIFF_MAIN_FOUND)
		status = nachet_picture_set_size(tiff->reader, directory->width, directory->height);
	if (status == NACHET_PICTURE_OK && directory->photometric == PHOTOMETRIC_COLOURS &&
	    directory->palette.cut_off)
		status = truncated(tiff, VALUE_CUT_OFF);
	if (status == NACHET_PICTURE_OK)
		status = nachet_picture_tiff_check_pixels(tiff, directory, &drawn);
	if (status != NACHET_PICTURE_OK)
		return status;
	if (first && !drawn)
		return malformed(tiff, "TIFF: it contains no pixels");
	if (!drawn || tiff->main != NACHET_TIFF_MAIN_WANTED || is_reduced(directory))
		return NACHET_PICTURE_OK;
	tiff->main = NACHET_TIFF_MAIN_FOUND;
	return nachet_picture_set_size(tiff->reader, directory->width, directory->height);
}

/* Visits the images below an image: Technical Note 1. */
static NachetPictureStatus
walk_children(NachetTiff *tiff, const NachetTiffDirectory *directory, int depth)
{
	const NachetTiffField *field = &directory->sub_ifds;

	for (uint64_t i = 0; i < field->count; i++)
	{
		uint64_t offset;
		NachetPictureStatus status =
		    nachet_picture_tiff_spend(tiff, nachet_picture_tiff_type_bytes(field->type));

		if (status != NACHET_PICTURE_OK)
			return status;
		if (!nachet_picture_tiff_value(tiff, &tiff->reader->window, field, i, &offset))
			return tiff->reader->status;
		if (offset == 0)
			continue;
		if (depth >= MAX_DEPTH)
			return malformed(tiff, "TIFF: directories are nested too deeply");
		status = walk_chain(tiff, offset, depth + 1);
		if (status != NACHET_PICTURE_OK)
			return status;
	}
	return NACHET_PICTURE_OK;
}

/*
 * An image and those below it: what the two tell of a raw file goes before the pixels, which may be
 * none.
 */
static NachetPictureStatus
check_directory(NachetTiff *tiff, const NachetTiffDirectory *directory, bool first, int depth)
{
	NachetPictureStatus status = NACHET_PICTURE_OK;

	if (directory->dng_version.count != 0)
		return nachet_picture_refuse(tiff->reader, NACHET_PICTURE_RAW, NACHET_RAW_FILE("DNG"));
	if (first)
	{
		if (is_reduced(directory))
			tiff->main = NACHET_TIFF_MAIN_WANTED;
		status = find_maker(tiff, directory);
	}
	if (status == NACHET_PICTURE_OK && is_raw(directory))
		status = nachet_picture_refuse(tiff->reader, NACHET_PICTURE_RAW, tiff->raw);
	if (status == NACHET_PICTURE_OK)
		status = walk_children(tiff, directory, depth);
	if (status == NACHET_PICTURE_OK)
		status = check_image(tiff, directory, first);
	if (status == NACHET_PICTURE_OK && first && directory->next == 0 && tiff->directories == 1)
		status = nachet_picture_tiff_check_stack(tiff, directory);
	return status;
}

/*
 * Whether a pointer to a further page, which has led to no directory, is left over from another
 * file rather than the sign of a cut one. Then nothing lies behind what has been read but perhaps a
 * byte of padding: had there been a further page, a piece of its pixels would be there. And the
 * pointer is to the very end, as faulty writers set it, to where something else lies, or to where
 * no next page can begin: section 2 wants an even offset, and the next page is rarely longer than
 * all before it.
 */
static bool
leads_nowhere(const NachetTiff *tiff, uint64_t next)
{
	uint64_t size = tiff->reader->source->size;

	return tiff->extent + 1 >= size && (next <= size || next % 2 != 0 || next / 2 > size);
}

/* Visits a directory, what it points to, and those chained to it. */
static NachetPictureStatus
walk_chain(NachetTiff *tiff, uint64_t offset, int depth)
{
	/* R. Brent, 1980: a walk in circles comes by a mark that is moved ever less often. */
	uint64_t mark = 0;
	uint64_t steps = 0;
	uint64_t steps_to_mark = 1;
	bool chained = false;

	while (offset != 0 && offset != mark)
	{
		NachetTiffDirectory directory;
		bool first = tiff->directories == 0;
		uint64_t count = 0;
		NachetPictureStatus status;

		if (steps++ >= steps_to_mark)
		{
			mark = offset;
			steps = 0;
			steps_to_mark *= 2;
		}
		if (tiff->directories++ >= MAX_DIRECTORIES)
			return malformed(tiff, LOOP);
		status = read_count(tiff, offset, &count);
		if (status != NACHET_PICTURE_OK && status != NACHET_PICTURE_READ_FAILED && chained &&
		    leads_nowhere(tiff, offset))
		{
			return nachet_picture_refuse(tiff->reader, NACHET_PICTURE_OK, NULL);
		}
		if (status == NACHET_PICTURE_OK)
			status = read_directory(tiff, offset, count, &directory);
		if (status == NACHET_PICTURE_OK)
			status = check_directory(tiff, &directory, first, depth);
		if (status != NACHET_PICTURE_OK)
			return status;
		offset = directory.next;
		chained = true;
	}
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
	NachetTiff tiff = {.reader = reader};
	NachetPictureStatus status;
	uint64_t offset;

	if (header == NULL)
		return reader->status;
	nachet_picture_window_init(&tiff.counts_window);
	tiff.big_endian = header[0] == 'M';
	tiff.big = get_number(&tiff, header + 2, 2) == 43;
	tiff.budget = reader->source->size > UINT64_MAX / BUDGET_FACTOR
	                  ? UINT64_MAX
	                  : reader->source->size * BUDGET_FACTOR;

	offset = get_number(&tiff, header + 4, 4);
	if (tiff.big)
	{
		if (get_number(&tiff, header + 4, 2) != 8 || get_number(&tiff, header + 6, 2) != 0)
			return malformed(&tiff, "TIFF: offsets of a size other than 8 in a BigTIFF");
		header = nachet_picture_peek(reader, 8, 8, "truncated TIFF: the header is cut off");
		if (header == NULL)
			return reader->status;
		offset = get_number(&tiff, header, 8);
	}
	if (offset == 0)
		return malformed(&tiff, "TIFF: it has no directory");
	/* Canon's mark stands between the header and the first directory. */
	if (nachet_picture_within(reader, 8, 4))
	{
		header = nachet_picture_peek(reader, 8, 4, DIRECTORY_CUT_OFF);
		if (header == NULL)
			return reader->status;
		if (!tiff.big && memcmp(header, "CR\2\0", 4) == 0)
			return nachet_picture_refuse(reader, NACHET_PICTURE_RAW, NACHET_RAW_FILE("CR2"));
	}
	status = walk_chain(&tiff, offset, 0);
	/* The beginning of a value that is nothing else's: the file was cut in it. */
	if (status == NACHET_PICTURE_OK && tiff.cut_from != 0 && tiff.extent <= tiff.cut_from)
		return truncated(&tiff, VALUE_CUT_OFF);
	return status;
}

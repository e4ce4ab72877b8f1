/*
 * test/pure/hostile_tiff_test.c
 *		Hand-made TIFF, classic and BigTIFF, that lie, loop, overflow or are odd.
 *
 * The plain one is 4 x 3 in 8-bit grey: a header, a directory at 8 and one strip of 12 bytes after
 * it.
 */
#include "bytes.h"

#define BYTE     1
#define ASCII    2
#define SHORT    3
#define LONG     4
#define RATIONAL 5
#define LONG8    16

/* How the file at hand is written. */
static bool big_endian;
static bool big;
static size_t word;
static size_t fields_at;

static void
put_number(uint64_t number, size_t length)
{
	set_number(bytes.size, number, length, big_endian);
	bytes.size += length;
}

static void
start_tiff(bool is_big_endian, bool is_big)
{
	start();
	big_endian = is_big_endian;
	big = is_big;
	word = big ? 8 : 4;
	put_text(big_endian ? "MM" : "II");
	put_number(big ? 43 : 42, 2);
	if (big)
	{
		put_number(8, 2);
		put_number(0, 2);
	}
	put_number(big ? 16 : 8, word);
}

static void
start_directory(void)
{
	fields_at = bytes.size;
	put_number(0, big ? 8 : 2);
}

/* A field whose value, or its offset, is one number. */
static void
put_field(unsigned int tag, unsigned int type, uint64_t count, uint64_t value)
{
	size_t length = type == BYTE || type == ASCII ? 1 : type == SHORT ? 2 : type == LONG ? 4 : 8;

	put_number(tag, 2);
	put_number(type, 2);
	put_number(count, word);
	set_number(bytes.size, value, count * length > word || length > word ? word : length,
	           big_endian);
	bytes.size += word;
}

/* Counts the fields, and points to the next directory. */
static void
finish_directory(uint64_t next)
{
	size_t head = big ? 8 : 2;

	set_number(fields_at, (bytes.size - fields_at - head) / (4 + 2 * word), head, big_endian);
	put_number(next, word);
}

/* Where the bytes after a directory of so many fields, started now, will lie. */
static uint64_t
after_directory(size_t fields)
{
	return bytes.size + (big ? 8 : 2) + fields * (4 + 2 * word) + word;
}

static void
put_sides(uint64_t width, uint64_t height)
{
	put_field(256, LONG, 1, width);
	put_field(257, LONG, 1, height);
	put_field(258, SHORT, 1, 8);
	put_field(259, SHORT, 1, 1);
	put_field(277, SHORT, 1, 1);
}

#define SIDES 5

/* A whole picture whose only strip has the given place. */
static void
make_tiff(uint64_t width, uint64_t height, uint64_t offset, uint64_t count)
{
	start_tiff(false, false);
	start_directory();
	put_sides(width, height);
	put_field(273, LONG, 1, offset);
	put_field(279, LONG, 1, count);
	finish_directory(0);
	put_zeros(12);
}

#define STRIP_OFFSET      (8 + 2 + 7 * 12 + 4)
#define COMPRESSION_VALUE (10 + 3 * 12 + 8)

static void
test_plain(void)
{
	for (int kind = 0; kind < 4; kind++)
	{
		uint64_t strip;

		start_tiff(kind & 1, kind & 2);
		strip = after_directory(SIDES + 2);
		start_directory();
		put_sides(300, 2);
		put_field(273, kind & 2 ? LONG8 : LONG, 1, strip);
		put_field(279, SHORT, 1, 600);
		finish_directory(0);
		put_zeros(599);
		expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "TIFF less one byte");
		put_zeros(1);
		expect_size(300, 2, "TIFF, either order, classic and big");
	}
	make_tiff(4, 3, STRIP_OFFSET, 12);
	expect_size(4, 3, "TIFF of one strip");
}

static void
test_header(void)
{
	make_tiff(4, 3, STRIP_OFFSET, 12);
	set_number(4, 0, 4, false);
	expect(NACHET_PICTURE_MALFORMED, "no directory", "TIFF without a directory");
	set_number(4, UINT32_MAX, 4, false);
	expect(NACHET_PICTURE_TRUNCATED, "directory is cut off", "TIFF with its directory far away");
	set_number(4, bytes.size, 4, false);
	expect(NACHET_PICTURE_TRUNCATED, "directory is cut off", "TIFF with its directory at its end");
	set_number(4, bytes.size - 2, 4, false);
	expect(NACHET_PICTURE_MALFORMED, "without a field", "TIFF with an empty directory");
	make_tiff(4, 3, STRIP_OFFSET, 12);
	set_number(8, 0xffff, 2, false);
	expect(NACHET_PICTURE_TRUNCATED, "directory is cut off", "TIFF with 65,535 fields it has not");
	start_tiff(false, true);
	set_number(4, 4, 2, false);
	expect(NACHET_PICTURE_MALFORMED, "other than 8", "BigTIFF with offsets of 4 bytes");
	start_tiff(true, true);
	put_number(UINT64_MAX, 8);
	put_zeros(100);
	expect(NACHET_PICTURE_TRUNCATED, "directory is cut off", "BigTIFF with 2^64 - 1 fields");
	start_tiff(true, true);
	set_number(8, UINT64_MAX - 3, 8, true);
	put_zeros(100);
	expect(NACHET_PICTURE_TRUNCATED, "directory is cut off",
	       "BigTIFF with its directory at 2^64 - 4");
	/* 20 * count overflows to something small */
	start_tiff(false, true);
	put_number(UINT64_C(0x0ccccccccccccccd), 8);
	put_zeros(100);
	expect(NACHET_PICTURE_TRUNCATED, "directory is cut off", "BigTIFF with a count that overflows");
}

static void
test_sides(void)
{
	make_tiff(0, 3, STRIP_OFFSET, 12);
	expect(NACHET_PICTURE_DIMENSIONS, "TIFF: width is 0", "TIFF without width");
	make_tiff(4, 0, STRIP_OFFSET, 12);
	expect(NACHET_PICTURE_DIMENSIONS, "TIFF: height is 0", "TIFF without height");
	make_tiff(UINT32_MAX, UINT32_MAX, STRIP_OFFSET, 12);
	expect(NACHET_PICTURE_DIMENSIONS, "longer than", "TIFF with the largest sides");
	make_tiff(65536, 65537, STRIP_OFFSET, 12);
	expect(NACHET_PICTURE_DIMENSIONS, "more than", "TIFF of too many pixels");
	make_tiff(4, 4, STRIP_OFFSET, 12);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "TIFF with a row more than its bytes");
	make_tiff(4, 3, STRIP_OFFSET, 12);
	set_number(10 + 2, RATIONAL, 2, false);
	set_number(10 + 8, 8, 4, false);
	expect(NACHET_PICTURE_MALFORMED, "wrong type", "TIFF with a fraction as width");
	make_tiff(4, 3, STRIP_OFFSET, 12);
	set_number(10, 254, 2, false);
	expect(NACHET_PICTURE_DIMENSIONS, "width is 0", "TIFF that never tells its width");
}

static void
test_strips(void)
{
	static const uint32_t impossible[] = {0, 5, 13, UINT32_MAX};

	make_tiff(4, 3, UINT32_MAX, 12);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "TIFF with its strip far away");
	for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++)
	{
		make_tiff(4, 3, STRIP_OFFSET, impossible[i]);
		expect(NACHET_PICTURE_OK, NULL,
		       "TIFF with one strip, whose count libtiff does not believe");
		bytes.size--;
		expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "and one byte less");
	}
	make_tiff(4, 3, 0, 0);
	expect(NACHET_PICTURE_MALFORMED, "is empty", "TIFF whose only strip is a hole");
	make_tiff(4, 3, STRIP_OFFSET, 12);
	set_number(10 + 5 * 12, 254, 2, false);
	expect(NACHET_PICTURE_MALFORMED, "no pixels", "TIFF without strips");
	make_tiff(4, 3, STRIP_OFFSET, 12);
	set_number(10 + 6 * 12, 254, 2, false);
	expect(NACHET_PICTURE_OK, NULL, "TIFF without byte counts");
	bytes.size--;
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "and one byte less");

	/* compressed: the strip reaches to the end, as libtiff estimates */
	for (int missing = 0; missing < 2; missing++)
	{
		make_tiff(4, 3, STRIP_OFFSET, 0);
		memset(bytes.data + STRIP_OFFSET, 'x', 12);
		set_number(COMPRESSION_VALUE, 3, 2, false);
		if (missing)
			set_number(10 + 6 * 12, 254, 2, false);
		expect(NACHET_PICTURE_OK, NULL, "TIFF with a compressed strip of unknown length");
		bytes.size = STRIP_OFFSET;
		expect(NACHET_PICTURE_MALFORMED, "is empty", "and no byte of it");
	}
	make_tiff(4, 3, STRIP_OFFSET, 13);
	set_number(COMPRESSION_VALUE, 3, 2, false);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing",
	       "TIFF with a compressed strip one byte too long");
	make_tiff(4, 3, STRIP_OFFSET, 12);
	set_number(10 + 6 * 12, 254, 2, false);
	set_number(10 + 2 * 12, 278, 2, false);
	set_number(10 + 2 * 12 + 8, 1, 2, false);
	set_number(10 + 5 * 12 + 4, 3, 4, false);
	expect(NACHET_PICTURE_MALFORMED, "without their byte counts",
	       "TIFF of three strips, no counts");

	make_tiff(4, 3, STRIP_OFFSET, 12);
	set_number(10 + 2 * 12, 278, 2, false);
	set_number(10 + 2 * 12 + 8, 1, 2, false);
	expect(NACHET_PICTURE_MALFORMED, "fewer strips", "TIFF of three strips that has one");
	set_number(10 + 2 * 12 + 8, 0, 2, false);
	expect(NACHET_PICTURE_MALFORMED, "rows", "TIFF of strips without rows");
}

/*
 * Planes of their own need strips of their own; subsampled YCbCr needs fewer bytes than it seems.
 */
static void
test_samples(void)
{
	make_tiff(4, 3, STRIP_OFFSET, 12);
	set_number(10 + 4 * 12 + 8, 3, 2, false);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "TIFF of three samples, bytes for one");
	set_number(10 + 2 * 12, 262, 2, false);
	set_number(10 + 2 * 12 + 8, 6, 2, false);
	expect(NACHET_PICTURE_OK, NULL, "TIFF of subsampled YCbCr");
	set_number(10 + 2 * 12, 284, 2, false);
	set_number(10 + 2 * 12 + 8, 2, 2, false);
	expect(NACHET_PICTURE_MALFORMED, "fewer strips", "TIFF of three planes that has one");
	set_number(10 + 4 * 12 + 8, 1, 2, false);
	expect(NACHET_PICTURE_OK, NULL, "TIFF of one plane");
}

/* Two strips: their tables lie out of line. */
static void
make_two_strips(uint64_t second_offset, uint64_t second_count)
{
	uint64_t tables;

	start_tiff(true, true);
	tables = after_directory(SIDES + 3);
	start_directory();
	put_sides(4, 3);
	put_field(273, LONG8, 2, tables);
	put_field(278, SHORT, 1, 2);
	put_field(279, LONG8, 2, tables + 16);
	finish_directory(0);
	put_number(tables + 32, 8);
	put_number(second_offset == 0 ? tables + 40 : second_offset, 8);
	put_number(8, 8);
	put_number(second_count, 8);
	put_zeros(12);
}

/* The most that a byte can hold, by its compression. */
static void
test_compressed(void)
{
	static const unsigned int kinds[][2] = {{5, 2730}, {8, 1032}, {32946, 1032}, {32773, 64}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		make_tiff(kinds[i][1], 12, STRIP_OFFSET, 12);
		set_number(COMPRESSION_VALUE, kinds[i][0], 2, false);
		memset(bytes.data + STRIP_OFFSET, 'x', 12);
		expect(NACHET_PICTURE_OK, NULL, "TIFF of as many pixels as its compression may hold");
		set_number(10 + 8, kinds[i][1] + 1, 4, false);
		expect(NACHET_PICTURE_MALFORMED, "shorter than its rows", "and of more");
	}
}

/* A compressed strip has an end, which is not zero. */
static void
test_zeros(void)
{
	static const unsigned int marked[] = {5, 7, 8, 32946, 34925, 50000, 50001};
	static const unsigned int unmarked[] = {1, 2, 3, 4, 32773, 34712};

	for (size_t i = 0; i < sizeof(marked) / sizeof(marked[0]); i++)
	{
		make_tiff(20, 20, STRIP_OFFSET, 400);
		put_zeros(388);
		set_number(COMPRESSION_VALUE, marked[i], 2, false);
		bytes.data[STRIP_OFFSET + 143] = 1;
		expect(NACHET_PICTURE_MALFORMED, "end in zeros", "TIFF whose strip ends in 256 zeros");
		bytes.data[STRIP_OFFSET + 144] = 1;
		expect(NACHET_PICTURE_OK, NULL, "and in 255");
		make_tiff(4, 3, STRIP_OFFSET, 12);
		set_number(COMPRESSION_VALUE, marked[i], 2, false);
		expect(NACHET_PICTURE_MALFORMED, "end in zeros", "TIFF whose strip is of zeros alone");
	}
	for (size_t i = 0; i < sizeof(unmarked) / sizeof(unmarked[0]); i++)
	{
		make_tiff(20, 20, STRIP_OFFSET, 400);
		put_zeros(388);
		set_number(COMPRESSION_VALUE, unmarked[i], 2, false);
		expect(NACHET_PICTURE_OK, NULL, "TIFF of zeros, which may be black");
	}
}

/* A slide scanner leaves out tiles of glass. */
static void
test_holes(void)
{
	uint64_t tables;

	start_tiff(false, false);
	tables = after_directory(SIDES + 4);
	start_directory();
	put_sides(16, 32);
	put_field(322, SHORT, 1, 16);
	put_field(323, SHORT, 1, 16);
	put_field(324, LONG, 2, tables);
	put_field(325, LONG, 2, tables + 8);
	finish_directory(0);
	put_le(tables + 16, 4);
	put_le(0, 4);
	put_le(256, 4);
	put_le(0, 4);
	put_zeros(256);
	expect_size(16, 32, "TIFF of two tiles, one not drawn");
	set_number(tables + 4, tables, 4, false);
	expect(NACHET_PICTURE_MALFORMED, "is empty", "TIFF of two tiles, one of them empty");
	set_number(tables, 0, 8, false);
	set_number(tables + 8, 0, 4, false);
	expect(NACHET_PICTURE_MALFORMED, "no pixels", "TIFF of two tiles, none drawn");
}

static void
test_tables(void)
{
	make_two_strips(0, 4);
	expect(NACHET_PICTURE_OK, NULL, "BigTIFF of two strips");
	make_two_strips(0, 3);
	expect(NACHET_PICTURE_MALFORMED, "shorter than its rows", "BigTIFF with a short second strip");
	make_two_strips(UINT64_MAX - 3, 4);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "BigTIFF with a strip at 2^64 - 4");
	make_two_strips(0, UINT64_MAX);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing",
	       "BigTIFF with a strip of 2^64 - 1 bytes");
	make_two_strips(0, 0);
	expect(NACHET_PICTURE_MALFORMED, "is empty", "BigTIFF with an empty second strip");
	make_two_strips(0, 4);
	set_number(bytes.size - 12 - 24, 0, 8, true);
	set_number(bytes.size - 12 - 8, 0, 8, true);
	expect(NACHET_PICTURE_MALFORMED, "is empty", "BigTIFF with a hole as its second strip");

	for (int table = 0; table < 2; table++)
	{
		size_t field = 24 + (SIDES + (table == 0 ? 0 : 2)) * 20;

		make_two_strips(0, 4);
		set_number(field + 12, UINT64_MAX - 7, 8, true);
		expect(NACHET_PICTURE_TRUNCATED, "value is cut off", "BigTIFF with a table at 2^64 - 8");
		make_two_strips(0, 4);
		set_number(field + 4, UINT64_MAX / 8 + 2, 8, true);
		expect(NACHET_PICTURE_TRUNCATED, "value is cut off", "BigTIFF with a table that overflows");
		make_two_strips(0, 4);
		set_number(field + 4, 1, 8, true);
		set_number(field + 12, 24, 8, true);
		expect(NACHET_PICTURE_MALFORMED, "fewer strips", "BigTIFF with a table of one entry");
	}
	/* sides so large that the number of pieces overflows: 1-pixel tiles of the second page */
	start_tiff(false, false);
	start_directory();
	put_sides(4, 3);
	put_field(273, LONG, 1, 8);
	put_field(279, LONG, 1, 12);
	finish_directory(bytes.size + 4);
	start_directory();
	put_sides(UINT32_MAX, UINT32_MAX);
	put_field(322, LONG, 1, 1);
	put_field(323, LONG, 1, 1);
	put_field(324, LONG, 1, 8);
	put_field(325, LONG, 1, 8);
	finish_directory(0);
	expect(NACHET_PICTURE_MALFORMED, "fewer strips", "TIFF with a page of 2^64 tiles");
	make_tiff(4, 3, STRIP_OFFSET, 12);
	set_number(10 + 2 * 12 + 8, 0xffff, 2, false);
	set_number(10 + 4 * 12 + 8, 0xffff, 2, false);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing",
	       "TIFF with 65,535 samples of 65,535 bits");
}

/* A page whose next directory, and perhaps a field of directories, are given. */
static void
make_page(uint64_t next, unsigned int tag, uint64_t count, uint64_t value)
{
	start_tiff(false, false);
	start_directory();
	put_sides(4, 3);
	put_field(273, LONG, 1, 8);
	put_field(279, LONG, 1, 12);
	put_field(tag, LONG, count, value);
	finish_directory(next);
}

/* Where such a page ends. */
#define PAGE_END (8 + 2 + 8 * 12 + 4)

/* What pixels do not need may be anywhere, or nowhere: a description, a resolution, XMP. */
static void
test_values(void)
{
	static const unsigned int needed[] = {338, 339, 347, 519, 520, 521};

	for (int kind = 0; kind < 4; kind++)
	{
		uint64_t strip;

		start_tiff(kind & 1, kind & 2);
		strip = after_directory(SIDES + 3);
		start_directory();
		put_sides(4, 3);
		put_field(273, LONG, 1, strip);
		put_field(279, LONG, 1, 12);
		put_field(700, BYTE, 5000, strip + 12);
		finish_directory(0);
		put_zeros(12);
		expect(NACHET_PICTURE_OK, NULL, "TIFF whose XMP has been dropped");
		put_text("<x:xmpmeta");
		expect(NACHET_PICTURE_TRUNCATED, "value is cut off", "TIFF cut in its XMP");
		set_number(bytes.size - 22 - word - word, UINT32_MAX - 50, word, big_endian);
		expect(NACHET_PICTURE_OK, NULL, "TIFF whose XMP would be far away");
		set_number(bytes.size - 22 - word - word, strip - 2, word, big_endian);
		expect(NACHET_PICTURE_OK, NULL, "TIFF whose XMP would lie upon its pixels");
		set_number(bytes.size - 22 - 2 * word - word, UINT64_MAX, word, big_endian);
		expect(NACHET_PICTURE_OK, NULL, "TIFF whose XMP would be as long as can be");
	}

	make_page(0, 200, 100, UINT32_MAX - 50);
	expect(NACHET_PICTURE_OK, NULL, "TIFF with a field of unknown tag, beyond its end");
	set_number(10 + 7 * 12 + 2, 200, 2, false);
	expect(NACHET_PICTURE_OK, NULL, "TIFF with a field of unknown type, left alone");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
	{
		make_page(0, needed[i], 100, UINT32_MAX - 50);
		expect(NACHET_PICTURE_TRUNCATED, "value is cut off", "TIFF without what decoders need");
	}
	make_page(0, 254, 100, UINT32_MAX - 50);
	expect(NACHET_PICTURE_OK, NULL, "TIFF whose NewSubfileType is beyond the end");
	make_page(0, 254, 1, 1);
	set_number(10 + 7 * 12 + 2, ASCII, 2, false);
	expect(NACHET_PICTURE_OK, NULL, "TIFF whose NewSubfileType is a text");
	make_page(0, 320, 768, UINT32_MAX - 50);
	expect(NACHET_PICTURE_OK, NULL, "TIFF whose palette is beyond the end, but not used");
	set_number(10 + 2 * 12, 262, 2, false);
	set_number(10 + 2 * 12 + 8, 3, 4, false);
	expect(NACHET_PICTURE_TRUNCATED, "value is cut off", "TIFF whose palette is missing");
}

/*
 * Exif, GPS and interoperability are directories of no image, whose pointers editors leave behind.
 */
static void
test_metadata_pointers(void)
{
	static const unsigned int tags[] = {34665, 34853, 40965};

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
	{
		make_page(0, tags[i], 1, UINT32_MAX);
		expect(NACHET_PICTURE_OK, NULL, "TIFF whose Exif directory would be far away");
		make_page(0, tags[i], 1, PAGE_END);
		expect(NACHET_PICTURE_OK, NULL, "TIFF whose Exif directory would be at its end");
		put_le(1, 2);
		put_field(36864, BYTE, 4, 0x30323331);
		expect(NACHET_PICTURE_OK, NULL, "TIFF that ends with its Exif directory's fields");
		make_page(0, tags[i], 1, PAGE_END);
		put_le(5632, 2);
		put_text("something else that lies there now");
		expect(NACHET_PICTURE_OK, NULL, "TIFF with something else in place of Exif");
		make_page(0, tags[i], 1, 8);
		expect(NACHET_PICTURE_OK, NULL, "TIFF whose Exif directory would be its own");
	}
}

/* --- directories that lead nowhere, or in circles --------------------------------------------- */

static void
test_loops(void)
{
	make_page(8, 254, 1, 0);
	expect(NACHET_PICTURE_OK, NULL, "TIFF whose page follows itself");
	make_page(0, 330, 1, 8);
	put_zeros(10000);
	expect(NACHET_PICTURE_MALFORMED, "too deeply", "TIFF whose directory holds itself");
	make_page(0, 330, 1, UINT32_MAX);
	expect(NACHET_PICTURE_TRUNCATED, "directory is cut off", "TIFF with a sub-directory far away");
	make_page(0, 330, 1, 0);
	expect(NACHET_PICTURE_OK, NULL, "TIFF with a sub-directory at 0, which is none");
	/* 10,000 sub-directories, each the directory itself: eight deep, and a tree's size if let */
	make_page(0, 330, 10000, 8 + 2 + 8 * 12 + 4);
	for (int i = 0; i < 10000; i++)
		put_le(8, 4);
	expect(NACHET_PICTURE_MALFORMED, "TIFF: ", "TIFF with a tree of itself");

	make_page(PAGE_END, 254, 1, 0);
	while (bytes.size < 60000)
		put_le(1, 2);
	expect(NACHET_PICTURE_TRUNCATED, "cut off", "TIFF with a next page made of ones");
	make_page(PAGE_END, 254, 1, 0);
	put_zeros(60000);
	expect(NACHET_PICTURE_MALFORMED, "without a field", "TIFF with a next page made of zeros");
	make_page(PAGE_END, 254, 1, 0);
	put_le(5000, 2);
	put_zeros(5000 * 12 + 4);
	expect(NACHET_PICTURE_MALFORMED, "4,096 fields", "TIFF with a next page of 5,000 fields");
}

/* A pointer to a further page that there never was, and those of a file that was cut. */
static void
test_next_page(void)
{
	static const uint32_t beyond[] = {65535, UINT32_MAX, 1000000};
	static const uint32_t elsewhere[] = {PAGE_END, PAGE_END + 1, 9, 20};

	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
	{
		make_page(beyond[i], 254, 1, 0);
		expect(NACHET_PICTURE_OK, NULL, "TIFF of one page, with a pointer to another");
		put_zeros(1);
		expect(NACHET_PICTURE_OK, NULL, "and with a byte of padding");
		put_text("pixels of the other page");
		expect(NACHET_PICTURE_TRUNCATED, "directory is cut off", "and with pixels of it: cut");
	}
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
	{
		make_page(elsewhere[i], 254, 1, 0);
		expect(NACHET_PICTURE_OK, NULL, "TIFF with a pointer to its end, or to something else");
	}
	make_page(PAGE_END + 40, 254, 1, 0);
	expect(NACHET_PICTURE_TRUNCATED, "directory is cut off",
	       "TIFF cut where its second page began, whose directory was near");

	/* no pointer at all at the end of the file, and a part of one */
	for (int kind = 0; kind < 4; kind++)
	{
		uint64_t whole;

		start_tiff(kind & 1, kind & 2);
		start_directory();
		put_sides(4, 3);
		put_field(273, LONG, 1, 4);
		put_field(279, LONG, 1, 12);
		put_field(270, ASCII, 3, 0);
		finish_directory(0);
		whole = bytes.size;
		bytes.size = whole - word;
		expect(NACHET_PICTURE_OK, NULL, "TIFF that ends without a pointer to a next page");
		for (size_t part = 1; part < word; part++)
		{
			bytes.size = whole - word + part;
			expect(NACHET_PICTURE_TRUNCATED, "directory is cut off", "TIFF cut in that pointer");
		}
		bytes.size = whole - word;
		set_number(whole - 2 * word - word, 300, word, big_endian);
		set_number(whole - 2 * word, whole, word, big_endian);
		expect(NACHET_PICTURE_TRUNCATED, "directory is cut off",
		       "TIFF that ends before it, and before a value");
	}
}

/* A chain of the smallest directories that ends: long, but honest. */
static void
test_long_chain(void)
{
	make_page(PAGE_END, 254, 1, 0);
	for (int i = 0; i < 3000; i++)
	{
		start_directory();
		put_field(254, LONG, 1, 0);
		finish_directory(i == 2999 ? 0 : bytes.size + 4);
	}
	expect(NACHET_PICTURE_OK, NULL, "TIFF of 3,001 directories");
	set_number(bytes.size - 4, 8, 4, false);
	expect(NACHET_PICTURE_OK, NULL, "and the last leads back to the first");
	set_number(bytes.size - 4, PAGE_END + 18 * 1000, 4, false);
	expect(NACHET_PICTURE_OK, NULL, "or to one of the others");
}

/* Numbers out of line, each in a place of its own, cost a read each: the budget holds them too. */
static void
test_scattered_numbers(void)
{
	NachetPicture picture;
	NachetPictureStatus status;
	Probe probe;

	start_tiff(false, false);
	start_directory();
	put_sides(4, 3);
	put_field(273, LONG, 1, 8);
	put_field(279, LONG, 1, 12);
	for (unsigned int i = 0; i < 4000; i++)
		put_field(258, SHORT, 3, i * UINT32_C(40503) % 48000);
	finish_directory(8);
	status = probe_picture(&probe, bytes.data, bytes.size, PROBE_NEVER, &picture);
	ok(status == NACHET_PICTURE_MALFORMED && probe.reads < bytes.size / 10,
	   "TIFF with 4,000 numbers out of line, over and over: %llu reads of %zu bytes",
	   (unsigned long long) probe.reads, bytes.size);
}

/* A million tiles, whose tables are read a window at a time. */
static void
test_many_tiles(void)
{
	static unsigned char data[8 + 2 + 7 * 12 + 4 + 4 * 1000000 + 2 * 1000000 + 4];
	NachetPicture picture;
	NachetPictureStatus status;
	Probe probe;
	size_t offsets = 8 + 2 + 7 * 12 + 4;
	size_t counts = offsets + 4 * 1000000;

	/* tiles of one pixel, as no side may be a million long */
	start_tiff(false, false);
	start_directory();
	put_field(256, LONG, 1, 1000);
	put_field(257, LONG, 1, 1000);
	put_field(258, SHORT, 1, 8);
	put_field(322, LONG, 1, 1);
	put_field(323, LONG, 1, 1);
	put_field(324, LONG, 1000000, offsets);
	put_field(325, SHORT, 1000000, counts);
	finish_directory(0);
	memcpy(data, bytes.data, bytes.size);
	for (size_t i = 0; i < 1000000; i++)
	{
		data[offsets + 4 * i] = 8;
		data[counts + 2 * i] = 1;
	}
	status = probe_picture(&probe, data, sizeof(data), PROBE_NEVER, &picture);
	ok(status == NACHET_PICTURE_OK && picture.width == 1000, "TIFF of a million tiles");
	if (!ok(probe.reads < 2000 && probe.bytes_read < 2 * sizeof(data),
	        "and its tables are read in blocks"))
		diag("%llu reads, %llu bytes", (unsigned long long) probe.reads,
		     (unsigned long long) probe.bytes_read);
	data[offsets + 4 * 999999 + 3] = 1;
	status = probe_picture(&probe, data, sizeof(data), PROBE_NEVER, &picture);
	ok(status == NACHET_PICTURE_TRUNCATED, "and the last of them is looked at");
}

/* --- cameras' raw files, thumbnails before pictures, stacks ----------------------------------- */

/* A thumbnail of 4 x 3, and below it an image that a camera or another writer put there. */
static void
make_camera_file(const char *make, unsigned int subfile, unsigned int compression,
                 unsigned int photometric)
{
	uint64_t strip;

	start_tiff(false, false);
	strip = after_directory(SIDES + 5) + 16;
	start_directory();
	put_field(254, LONG, 1, subfile);
	put_sides(4, 3);
	put_field(271, ASCII, 16, strip - 16);
	put_field(273, LONG, 1, strip);
	put_field(279, LONG, 1, 12);
	put_field(330, LONG, 1, strip + 12);
	finish_directory(0);
	put(make, strlen(make));
	put_zeros(16 - strlen(make) + 12);
	start_directory();
	put_field(254, LONG, 1, 0);
	put_field(256, LONG, 1, 40);
	put_field(257, LONG, 1, 30);
	put_field(258, SHORT, 1, 8);
	put_field(259, SHORT, 1, compression);
	put_field(262, SHORT, 1, photometric);
	put_field(273, LONG, 1, bytes.size + 2 * 12 + 4);
	put_field(279, LONG, 1, 1200);
	finish_directory(0);
	memset(bytes.data + bytes.size, 'x', 1200);
	bytes.size += 1200;
}

static void
test_raw_files(void)
{
	static const struct
	{
		const char *make;
		unsigned int compression;
		unsigned int photometric;
		const char *reason;
	} files[] = {
	    {"NIKON CORP.", 34713, 32803, "raw file (NEF); export it as TIFF or JPEG"},
	    {"NIKON CORP.", 1, 32803, "raw file (NEF)"},
	    {"SONY", 32767, 32803, "raw file (ARW)"},
	    {"PENTAX", 65535, 32803, "raw file (PEF)"},
	    {"SAMSUNG", 32770, 1, "raw file (SRW)"},
	    {"SAMSUNG", 32769, 1, "raw file (SRW)"},
	    {"SAMSUNG", 34713, 1, "raw file (SRW)"},
	    {"Mamiya", 1, 32803, "a camera's raw file; export it"},
	    {"", 1, 34892, "a camera's raw file; export it"},
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
	{
		make_camera_file(files[i].make, 1, files[i].compression, files[i].photometric);
		expect(NACHET_PICTURE_RAW, files[i].reason, "raw file with a thumbnail before it");
		set_number(10 + 12, 200, 2, false);
		expect(NACHET_PICTURE_RAW, files[i].reason, "raw file whose thumbnail has no size");
	}
	make_camera_file("NIKON CORP.", 1, 1, 1);
	expect_size(40, 30, "TIFF by a camera");
	set_number(10, 50706, 2, false);
	expect(NACHET_PICTURE_RAW, "a camera's raw file (DNG)", "DNG");
	make_page(0, 50706, 4, 0x00000401);
	expect(NACHET_PICTURE_RAW, "a camera's raw file (DNG)", "DNG without a thumbnail");
	make_page(0, 262, 1, 32803);
	expect(NACHET_PICTURE_RAW, "a camera's raw file", "raw file of one image, no maker");
}

/* Whose size is the picture's, if a reduced image comes first. */
static void
test_reduced(void)
{
	make_camera_file("a maker", 1, 1, 1);
	expect_size(40, 30, "TIFF whose first page is a reduced image of what lies below");
	set_number(bytes.size - 1200 - 4 - 8 * 12 + 8, 1, 4, false);
	expect_size(4, 3, "TIFF of reduced images alone: the first");
	make_camera_file("a maker", 0, 1, 1);
	expect_size(4, 3, "TIFF with an image below: the first");
	make_camera_file("a maker", 4, 1, 1);
	expect_size(40, 30, "TIFF whose first page is a mask");
	make_camera_file("a maker", 1, 1, 1);
	set_number(10, 255, 2, false);
	set_number(10 + 8, 2, 4, false);
	expect_size(40, 30, "TIFF whose first page is a reduced image by the old tag");
	make_camera_file("a maker", 1, 1, 1);
	bytes.size--;
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "and the last byte is missing");

	/* the same as a further page */
	make_camera_file("a maker", 1, 1, 1);
	set_number(10 + 9 * 12, 200, 2, false);
	set_number(10 + 10 * 12, bytes.size - 1200 - 4 - 8 * 12 - 2, 4, false);
	expect_size(40, 30, "TIFF whose first page is a reduced image of the second");
	make_camera_file("a maker", 1, 1, 1);
	set_number(bytes.size - 1200 - 4 - 7 * 12 + 8, 500001, 4, false);
	set_number(bytes.size - 1200 - 4 - 6 * 12 + 8, 1, 4, false);
	set_number(bytes.size - 1200 - 4 - 5 * 12 + 8, 1, 4, false);
	memset(bytes.data + bytes.size, 'x', 70000);
	bytes.size += 70000;
	expect(NACHET_PICTURE_DIMENSIONS, "longer than", "TIFF whose main image is too long");
}

/*
 * One directory for many planes: a description, the first plane of 12 bytes, and the others behind
 * it.
 */
static void
make_stack(const char *description, unsigned int stack_values, size_t planes)
{
	uint64_t length = strlen(description);
	uint64_t text;

	start_tiff(true, false);
	text = after_directory(SIDES + 4);
	start_directory();
	put_sides(4, 3);
	put_field(270, ASCII, length, text);
	put_field(273, LONG, 1, text + length + (length & 1));
	put_field(279, LONG, 1, 12);
	put_field(33629, RATIONAL, stack_values, 8);
	finish_directory(0);
	put_text(description);
	put_zeros((length & 1) + 12 * planes);
}

static void
test_stacks(void)
{
	static const char *const descriptions[] = {
	    "ImageJ=1.53t\nimages=10\nslices=10\nloop=false\n",
	    "{\"axes\": \"ZYX\", \"truncated\": true, \"shape\": [10, 3, 4]}",
	    "{\"shape\": [2, 5, 3, 4, 1]}",
	    "STK",
	};
	static const char *const none[] = {
	    "ImageJ=1.53t\nunit=cm\n",      "ImageJ=1.53t\nimages=",
	    "{\"shape\": [3, 4]}",          "{\"shape\": [",
	    "a picture with \nimages=10\n", "{\"shape\": [99999999999999999999, 0]}",
	};

	for (size_t i = 0; i < sizeof(descriptions) / sizeof(descriptions[0]); i++)
	{
		make_stack(descriptions[i], i == 3 ? 10 : 0, 10);
		expect_size(4, 3, "TIFF with a stack of ten planes");
		bytes.size--;
		expect(NACHET_PICTURE_TRUNCATED, "planes of its stack", "and one byte less");
		bytes.size -= 9 * 12 - 2;
		expect(NACHET_PICTURE_TRUNCATED, "planes of its stack", "and one byte of the second");
		bytes.size--;
		expect(NACHET_PICTURE_OK, NULL,
		       "TIFF of one plane, with the description of the stack that it was taken from");
	}
	/* an editor took one plane, and put what it says of it behind */
	make_stack(descriptions[0], 8, 1);
	set_number(10 + 8 * 12 + 8, bytes.size, 4, true);
	put_zeros(64);
	put_text("and more");
	expect(NACHET_PICTURE_OK, NULL, "TIFF of one plane, and something else behind it");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
	{
		make_stack(none[i], 0, 3);
		expect(NACHET_PICTURE_OK, NULL, "TIFF with more behind it that nothing tells of");
	}
	make_stack(descriptions[0], 0, 3);
	set_number(10 + 3 * 12 + 8, 5, 2, true);
	bytes.data[bytes.size - 30] = 'x';
	expect(NACHET_PICTURE_OK, NULL, "TIFF, compressed, whose planes cannot be told");
}

int
main(void)
{
	test_plain();
	test_header();
	test_sides();
	test_strips();
	test_samples();
	test_tables();
	test_compressed();
	test_zeros();
	test_holes();
	test_values();
	test_metadata_pointers();
	test_loops();
	test_next_page();
	test_long_chain();
	test_scattered_numbers();
	test_many_tiles();
	test_raw_files();
	test_reduced();
	test_stacks();
	return tap_done();
}

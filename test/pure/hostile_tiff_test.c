/*
 * test/pure/hostile_tiff_test.c
 *		Hand-made TIFF, classic and BigTIFF, whose one picture lies, overflows or is odd.
 */
#include "tiff_bytes.h"

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
	return tap_done();
}

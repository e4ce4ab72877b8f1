/*
 * test/pure/hostile_tiff_test.c
 *		Hand-made TIFF, classic and BigTIFF, that lie, loop, overflow or are odd.
 *
 * The plain one is 4 x 3 in 8-bit grey: a header, a directory at 8 and one strip of 12 bytes after it.
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

#define STRIP_OFFSET (8 + 2 + 7 * 12 + 4)

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
	make_tiff(4, 3, UINT32_MAX, 12);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "TIFF with its strip far away");
	make_tiff(4, 3, STRIP_OFFSET, UINT32_MAX);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "TIFF with an endless strip");
	make_tiff(4, 3, STRIP_OFFSET, 13);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "TIFF with a strip one byte too long");
	make_tiff(4, 3, STRIP_OFFSET, 5);
	expect(NACHET_PICTURE_OK, NULL,
	       "TIFF with one strip that counts too little, as libtiff reads it");
	bytes.size--;
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "and one byte less");
	make_tiff(4, 3, 0, 0);
	expect(NACHET_PICTURE_MALFORMED, "no pixels", "TIFF whose only strip is a hole");
	make_tiff(4, 3, STRIP_OFFSET, 0);
	set_number(10 + 3 * 12 + 8, 5, 2, false);
	expect(NACHET_PICTURE_MALFORMED, "is empty", "TIFF with an empty compressed strip");
	make_tiff(4, 3, STRIP_OFFSET, 12);
	set_number(10 + 5 * 12, 254, 2, false);
	expect(NACHET_PICTURE_MALFORMED, "no pixels", "TIFF without strips");
	make_tiff(4, 3, STRIP_OFFSET, 12);
	set_number(10 + 6 * 12, 254, 2, false);
	expect(NACHET_PICTURE_OK, NULL, "TIFF without byte counts");
	bytes.size--;
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "and one byte less");
	bytes.size++;
	set_number(10 + 3 * 12 + 8, 5, 2, false);
	expect(NACHET_PICTURE_MALFORMED, "without their byte counts", "and compressed");

	make_tiff(4, 3, STRIP_OFFSET, 12);
	set_number(10 + 2 * 12, 278, 2, false);
	set_number(10 + 2 * 12 + 8, 1, 2, false);
	expect(NACHET_PICTURE_MALFORMED, "fewer strips", "TIFF of three strips that has one");
	set_number(10 + 2 * 12 + 8, 0, 2, false);
	expect(NACHET_PICTURE_MALFORMED, "rows", "TIFF of strips without rows");
}

/* Planes of their own need strips of their own; subsampled YCbCr needs fewer bytes than it seems. */
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

static void
test_values(void)
{
	start_tiff(false, false);
	start_directory();
	put_sides(4, 3);
	put_field(273, LONG, 1, 8);
	put_field(279, LONG, 1, 12);
	put_field(270, ASCII, 100, UINT32_MAX - 50);
	finish_directory(0);
	put_zeros(200);
	expect(NACHET_PICTURE_TRUNCATED, "value is cut off", "TIFF with a description beyond its end");
	set_number(10 + 7 * 12 + 2, 200, 2, false);
	expect(NACHET_PICTURE_OK, NULL, "TIFF with a field of unknown type, left alone");
	set_number(10 + 7 * 12 + 2, ASCII, 2, false);
	set_number(10 + 7 * 12 + 4, UINT32_MAX, 4, false);
	set_number(10 + 7 * 12 + 8, 8, 4, false);
	expect(NACHET_PICTURE_TRUNCATED, "value is cut off", "TIFF with a description of 4 GiB");
}

/* --- directories that lead nowhere, or in circles ------------------------------------------------------ */

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

static void
test_loops(void)
{
	make_page(8, 254, 1, 0);
	put_zeros(10000);
	expect(NACHET_PICTURE_MALFORMED, "loop", "TIFF whose directory follows itself");
	make_page(UINT32_MAX, 254, 1, 0);
	expect(NACHET_PICTURE_TRUNCATED, "directory is cut off", "TIFF with a next page far away");
	make_page(0, 330, 1, 8);
	put_zeros(10000);
	expect(NACHET_PICTURE_MALFORMED, "without end", "TIFF whose directory holds itself");
	make_page(0, 34665, 1, 8);
	put_zeros(10000);
	expect(NACHET_PICTURE_MALFORMED, "without end", "TIFF whose Exif directory is itself");
	make_page(0, 330, 1, UINT32_MAX);
	expect(NACHET_PICTURE_TRUNCATED, "directory is cut off", "TIFF with a sub-directory far away");
	make_page(0, 330, 1, 0);
	expect(NACHET_PICTURE_OK, NULL, "TIFF with a sub-directory at 0, which is none");
	make_page(0, 34665, 1, 8 + 2 + 8 * 12 + 4);
	put_le(0, 2);
	put_le(12345678, 4);
	expect(NACHET_PICTURE_OK, NULL, "TIFF with an empty Exif directory, followed by what it likes");

	/* 10,000 sub-directories, each the directory itself: eight deep, and a tree's size if let */
	make_page(0, 330, 10000, 8 + 2 + 8 * 12 + 4);
	for (int i = 0; i < 10000; i++)
		put_le(8, 4);
	expect(NACHET_PICTURE_MALFORMED, "TIFF: ", "TIFF with a tree of itself");

	make_page(8 + 2 + 8 * 12 + 4, 254, 1, 0);
	while (bytes.size < 60000)
		put_le(1, 2);
	expect(NACHET_PICTURE_TRUNCATED, "cut off", "TIFF with a next page made of ones");
}

/* A chain of the smallest directories that ends: long, but honest. */
static void
test_long_chain(void)
{
	make_page(8 + 2 + 8 * 12 + 4, 254, 1, 0);
	for (int i = 0; i < 3000; i++)
	{
		start_directory();
		put_field(254, LONG, 1, 0);
		finish_directory(i == 2999 ? 0 : bytes.size + 4);
	}
	expect(NACHET_PICTURE_OK, NULL, "TIFF of 3,001 directories");
	set_number(bytes.size - 4, 8, 4, false);
	expect(NACHET_PICTURE_MALFORMED, "loop", "and the last leads back to the first");
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
	for (unsigned int i = 0; i < 5000; i++)
		put_field(258, SHORT, 3, i * UINT32_C(40503) % 60000);
	finish_directory(8);
	status = probe_picture(&probe, bytes.data, bytes.size, PROBE_NEVER, &picture);
	ok(status == NACHET_PICTURE_MALFORMED && probe.reads < bytes.size / 10,
	   "TIFF with 5,000 numbers out of line, over and over: %llu reads of %zu bytes",
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

int
main(void)
{
	test_plain();
	test_header();
	test_sides();
	test_strips();
	test_samples();
	test_tables();
	test_values();
	test_loops();
	test_long_chain();
	test_scattered_numbers();
	test_many_tiles();
	return tap_done();
}

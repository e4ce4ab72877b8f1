/*
 * test/pure/hostile_tiff_pages_test.c
 *		Hand-made TIFF of several pictures: loops, thumbnails, raw files, stacks.
 */
#include "tiff_bytes.h"

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

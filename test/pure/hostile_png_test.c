/*
 * test/pure/hostile_png_test.c
 *		Hand-made PNG that lie, loop or are odd.
 */
#include "bytes.h"
#include "crc.h"

static void
put_chunk(const char *type, const void *data, size_t length)
{
	size_t at = bytes.size + 4;

	put_be(length, 4);
	put_text(type);
	put(data, length);
	put_be(nachet_crc32_add(0, bytes.data + at, 4 + length), 4);
}

/* The signature and IHDR with its true CRC. */
static void
start_png(uint32_t width, uint32_t height, unsigned int depth, unsigned int colour)
{
	start();
	put("\x89PNG\r\n\x1a\n", 8);
	put_be(13, 4);
	put_text("IHDR");
	put_be(width, 4);
	put_be(height, 4);
	put_be(depth, 1);
	put_be(colour, 1);
	put_zeros(3);
	put_be(nachet_crc32_add(0, bytes.data + 12, 17), 4);
}

static void
finish_png(void)
{
	put_chunk("IDAT", "pixels", 6);
	put_chunk("IEND", NULL, 0);
}

/* As many bytes as the most pixels of one bit need at least: 4,294,967,296 / 8 / 1,032. */
static void
finish_large_png(void)
{
	static const unsigned char data[530000];

	put_chunk("IDAT", data, sizeof(data));
	put_chunk("IEND", NULL, 0);
}

static void
test_png_header(void)
{
	static const unsigned int legal[][2] = {{0, 1}, {0, 2},  {0, 4},  {0, 8}, {0, 16},
	                                        {2, 8}, {2, 16}, {3, 1},  {3, 2}, {3, 4},
	                                        {3, 8}, {4, 8},  {4, 16}, {6, 8}, {6, 16}};
	int found = 0;
	int wrong = 0;

	for (unsigned int colour = 0; colour < 256; colour++)
	{
		for (unsigned int depth = 0; depth < 256; depth++)
		{
			NachetPicture picture;
			bool wanted = false;
			NachetPictureStatus status;

			for (size_t i = 0; i < sizeof(legal) / sizeof(legal[0]); i++)
				wanted = wanted || (legal[i][0] == colour && legal[i][1] == depth);
			start_png(3, 4, depth, colour);
			put_chunk("PLTE", "rgb", 3);
			finish_png();
			status = nachet_picture_header_read_buffer(bytes.data, bytes.size, &picture);
			found += status == NACHET_PICTURE_OK;
			wrong += (status == NACHET_PICTURE_OK) != wanted;
		}
	}
	ok(found == 15 && wrong == 0, "PNG: the 15 kinds of pixels of its table, and no other");

	start_png(0, 4, 8, 2);
	finish_png();
	expect(NACHET_PICTURE_DIMENSIONS, "PNG: width is 0", "PNG without width");
	start_png(3, 0, 8, 2);
	finish_png();
	expect(NACHET_PICTURE_DIMENSIONS, "PNG: height is 0", "PNG without height");
	start_png(500000, 8589, 1, 0);
	finish_large_png();
	expect_size(500000, 8589, "PNG of the longest side and almost the most pixels");
	start_png(500000, 8590, 1, 0);
	finish_large_png();
	expect(NACHET_PICTURE_DIMENSIONS, "more than 4,294,967,296", "PNG of more pixels");
	start_png(65536, 65536, 1, 0);
	finish_large_png();
	expect_size(65536, 65536, "PNG of the most pixels");
	start_png(500001, 1, 8, 2);
	finish_png();
	expect(NACHET_PICTURE_DIMENSIONS, "longer than 500,000", "PNG of a longer side");
	start_png(UINT32_MAX, UINT32_MAX, 8, 2);
	finish_png();
	expect(NACHET_PICTURE_DIMENSIONS, "longer than 500,000", "PNG with the largest numbers");

	start_png(3, 4, 8, 2);
	finish_png();
	bytes.data[17] ^= 1;
	expect(NACHET_PICTURE_MALFORMED, "CRC", "PNG with a flipped bit in IHDR");
	for (int field = 26; field < 29; field++)
	{
		start_png(3, 4, 8, 2);
		bytes.data[field] = 2;
		set_number(29, nachet_crc32_add(0, bytes.data + 12, 17), 4, true);
		finish_png();
		expect(NACHET_PICTURE_MALFORMED, "unknown compression", "PNG with an unknown method");
	}
	start_png(3, 4, 8, 2);
	finish_png();
	bytes.data[4] = '\n';
	expect(NACHET_PICTURE_MALFORMED, "signature", "PNG after a transfer as text");
}

static void
test_png_chunks(void)
{
	start_png(3, 4, 8, 2);
	put_chunk("IEND", NULL, 0);
	expect(NACHET_PICTURE_MALFORMED, "no pixels", "PNG without IDAT");
	start_png(3, 4, 8, 2);
	put_chunk("IDAT", NULL, 0);
	put_chunk("IEND", NULL, 0);
	expect(NACHET_PICTURE_MALFORMED, "no pixels", "PNG with an empty IDAT");
	start_png(3, 4, 8, 3);
	finish_png();
	expect(NACHET_PICTURE_MALFORMED, "no palette", "PNG with colours and no palette");
	start_png(3, 4, 8, 2);
	put_chunk("IDAT", "pixels", 6);
	put_chunk("IEND", "x", 1);
	expect(NACHET_PICTURE_MALFORMED, "IEND", "PNG with something in IEND");
	start_png(3, 4, 8, 2);
	put(bytes.data + 8, 25);
	expect(NACHET_PICTURE_MALFORMED, "more than one IHDR", "PNG with two IHDR");
	start();
	put("\x89PNG\r\n\x1a\n", 8);
	finish_png();
	expect(NACHET_PICTURE_MALFORMED, "not IHDR", "PNG without IHDR");
	start();
	put("\x89PNG\r\n\x1a\n", 8);
	put_chunk("CgBI", "\x50\0\x20\x02", 4);
	finish_png();
	expect(NACHET_PICTURE_VARIANT, "Apple's own variant", "PNG as Xcode packs it");
	start_png(3, 4, 8, 2);
	put_chunk("ID T", "pixels", 6);
	expect(NACHET_PICTURE_MALFORMED, "four letters", "PNG with a type that is no word");
	start_png(3, 4, 8, 2);
	put_be(0xffffffff, 4);
	put_text("IDATpixels");
	expect(NACHET_PICTURE_MALFORMED, "2,147,483,647", "PNG chunk of length 2^32 - 1");
	start_png(3, 4, 8, 2);
	put_be(0x7fffffff, 4);
	put_text("IDATpixels");
	expect(NACHET_PICTURE_TRUNCATED, "cut off", "PNG chunk of length 2^31 - 1");
	start_png(3, 4, 8, 2);
	for (int i = 0; i < 5000; i++)
		put_chunk("tEXt", NULL, 0);
	expect(NACHET_PICTURE_TRUNCATED, "no IEND", "PNG with 5,000 empty chunks and no end");
	finish_png();
	expect(NACHET_PICTURE_OK, NULL, "and with its end");
}

/* Damage to critical chunks shows, whatever it is; to the others it is left to their readers. */
static void
test_png_damage(void)
{
	static const char *const damaged[] = {"PNG with damage in its palette",
	                                      "PNG with damage in its pixels",
	                                      "PNG with damage in IEND"};
	static unsigned char noise[100000];
	size_t places[3];
	size_t comment;
	int wrong = 0;

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (unsigned char) (i * i >> 7 ^ i);
	start_png(300, 400, 8, 3);
	places[0] = bytes.size;
	put_chunk("PLTE", "rgbRGB", 6);
	comment = bytes.size;
	put_chunk("tEXt", "a comment", 9);
	put_chunk("IDAT", noise, 33333);
	places[1] = bytes.size;
	put_chunk("IDAT", noise, sizeof(noise));
	put_chunk("IDAT", NULL, 0);
	places[2] = bytes.size;
	put_chunk("IEND", NULL, 0);
	expect(NACHET_PICTURE_OK, NULL, "PNG of three IDAT chunks, the last one empty");
	for (int i = 0; i < 3; i++)
	{
		/* a byte of the data, or, as IEND has none, of the CRC */
		bytes.data[places[i] + 8] ^= 0x80;
		expect(NACHET_PICTURE_MALFORMED, "does not match its CRC", damaged[i]);
		bytes.data[places[i] + 8] ^= 0x80;
	}
	for (size_t at = 0; at < sizeof(noise); at += 997)
	{
		NachetPicture picture;

		bytes.data[places[1] + 8 + at] ^= (unsigned char) (1 << at % 8);
		wrong += nachet_picture_header_read_buffer(bytes.data, bytes.size, &picture) !=
		         NACHET_PICTURE_MALFORMED;
		bytes.data[places[1] + 8 + at] ^= (unsigned char) (1 << at % 8);
	}
	ok(wrong == 0, "PNG with one bit flipped, anywhere in its pixels");
	bytes.data[comment + 10] ^= 1;
	expect(NACHET_PICTURE_OK, NULL, "PNG with damage in a comment, as decoders accept");
}

/* No deflate stream becomes more than 1,032 times its size: what claims more cannot be whole. */
static void
test_png_bombs(void)
{
	start_png(46340, 46340, 8, 2);
	put_chunk("IDAT", "some compressed zeros", 21);
	put_chunk("IEND", NULL, 0);
	expect(NACHET_PICTURE_MALFORMED, "too few bytes", "PNG of 2 billion pixels in 21 bytes");
	/* 1,031 pixels and a filter's byte a row: four rows need four bytes */
	start_png(1031, 4, 8, 0);
	put_chunk("IDAT", "abcd", 4);
	put_chunk("IEND", NULL, 0);
	expect(NACHET_PICTURE_OK, NULL, "PNG whose pixels take just what they can");
	start_png(1031, 4, 8, 0);
	put_chunk("IDAT", "abc", 3);
	put_chunk("IEND", NULL, 0);
	expect(NACHET_PICTURE_MALFORMED, "too few bytes", "and one byte less");
	start_png(1032, 5, 8, 0);
	bytes.data[28] = 1;
	set_number(29, nachet_crc32_add(0, bytes.data + 12, 17), 4, true);
	put_chunk("IDAT", "abcd", 4);
	put_chunk("IEND", NULL, 0);
	expect(NACHET_PICTURE_MALFORMED, "too few bytes",
	       "PNG, interlaced, of fewer bytes than it needs");
}

int
main(void)
{
	test_png_header();
	test_png_chunks();
	test_png_damage();
	test_png_bombs();
	return tap_done();
}

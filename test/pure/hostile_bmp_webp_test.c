/*
 * test/pure/hostile_bmp_webp_test.c
 *		Hand-made BMP and WebP that lie, overflow or are odd.
 */
#include "bytes.h"

/* --- BMP -------------------------------------------------------------------------------------- */

/* An info header; pixels are up to the caller. */
static void
start_bmp(uint32_t header_bytes, uint32_t width, uint32_t height, unsigned int bits,
          uint32_t compression, uint32_t image_bytes)
{
	start();
	put_text("BM");
	put_zeros(8);
	put_le(14 + header_bytes, 4);
	put_le(header_bytes, 4);
	put_le(width, 4);
	put_le(height, 4);
	put_le(1, 2);
	put_le(bits, 2);
	put_le(compression, 4);
	put_le(image_bytes, 4);
	bytes.size = 14 + header_bytes;
}

static void
expect_bmp(uint32_t width, uint32_t height, NachetPictureStatus status, const char *reason,
           const char *what)
{
	start_bmp(40, width, height, 24, 0, 0);
	put_zeros(1024);
	expect(status, reason, what);
}

static void
test_bmp_sizes(void)
{
	expect_bmp(3, 2, NACHET_PICTURE_OK, NULL, "BMP");
	expect_bmp(3, (uint32_t) -2, NACHET_PICTURE_OK, NULL, "BMP from top to bottom");
	expect_size(3, 2, "and its height is above 0");
	expect_bmp(3, UINT32_C(0x80000000), NACHET_PICTURE_DIMENSIONS, "longer than 500,000",
	           "BMP of height -2^31");
	expect_bmp(3, INT32_MAX, NACHET_PICTURE_DIMENSIONS, "longer than 500,000",
	           "BMP of height 2^31 - 1");
	expect_bmp((uint32_t) -3, 2, NACHET_PICTURE_DIMENSIONS, "width is below 0", "BMP of width -3");
	expect_bmp(0, 2, NACHET_PICTURE_DIMENSIONS, "BMP: width is 0", "BMP without width");
	expect_bmp(3, 0, NACHET_PICTURE_DIMENSIONS, "BMP: height is 0", "BMP without height");
	expect_bmp(500000, 8000, NACHET_PICTURE_TRUNCATED, "pixels are missing",
	           "BMP of more pixels than bytes");
	expect_bmp(500000, 500000, NACHET_PICTURE_DIMENSIONS, "more than", "BMP of too many pixels");
}

static void
test_bmp_headers(void)
{
	static const uint32_t sizes[] = {16, 40, 52, 56, 64, 108, 124};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
	{
		start_bmp(sizes[i], 5, 3, 24, 0, 0);
		if (sizes[i] == 16)
			memset(bytes.data + 30, 0, 100);
		put_zeros(3 * 16 - 1);
		expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "BMP less one byte");
		put_zeros(1);
		expect_size(5, 3, "BMP with a known header");
	}
	start_bmp(44, 5, 3, 24, 0, 0);
	put_zeros(1000);
	expect(NACHET_PICTURE_UNKNOWN, "not a picture", "BM and a header of unknown size");
	start_bmp(40, 5, 3, 24, 0, 0);
	put_zeros(1000);
	bytes.data[26] = 0;
	expect(NACHET_PICTURE_MALFORMED, "planes", "BMP without planes");
	start_bmp(40, 5, 3, 24, 0, 0);
	put_zeros(1000);
	bytes.data[10] = 53;
	expect(NACHET_PICTURE_MALFORMED, "overlap", "BMP with its pixels in the header");
	start_bmp(40, 5, 3, 24, 0, 0);
	put_zeros(1000);
	set_number(10, UINT32_MAX, 4, false);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "BMP with its pixels far away");
	start_bmp(40, 5, 3, 3, 0, 0);
	put_zeros(1000);
	expect(NACHET_PICTURE_MALFORMED, "bits per pixel", "BMP of 3 bits per pixel");
	start_bmp(40, 5, 3, 0, 4, 100);
	put_zeros(1000);
	expect(NACHET_PICTURE_MALFORMED, "bits per pixel", "BMP of a printer (BI_JPEG)");
	start_bmp(124, 5, 3, 24, 0, 0);
	memcpy(bytes.data + 14 + 56, "DEBM", 4);
	set_number(14 + 112, UINT32_MAX, 4, false);
	set_number(14 + 116, UINT32_MAX, 4, false);
	put_zeros(1000);
	expect(NACHET_PICTURE_TRUNCATED, "colour profile", "BMP with its profile far away");
}

/* The same with masks or a palette behind its header, before the pixels. */
static void
start_bmp_with_tables(uint32_t header_bytes, unsigned int bits, uint32_t compression,
                      uint32_t image_bytes, uint32_t colours, uint32_t table_bytes)
{
	start_bmp(header_bytes, 5, 3, bits, compression, image_bytes);
	set_number(14 + 32, colours, 4, false);
	set_number(10, bytes.size + table_bytes, 4, false);
	put_zeros(table_bytes);
}

static void
test_bmp_compressed(void)
{
	start_bmp_with_tables(40, 8, 1, 1000, 2, 8);
	put_zeros(999);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "BMP of runs less one byte");
	put_zeros(1);
	expect(NACHET_PICTURE_OK, NULL, "BMP of runs (RLE8)");
	start_bmp_with_tables(40, 4, 2, 10, 0, 64);
	put_zeros(10);
	expect(NACHET_PICTURE_OK, NULL, "BMP of runs (RLE4)");
	start_bmp(40, 5, 3, 24, 1, 10);
	put_zeros(10);
	expect(NACHET_PICTURE_MALFORMED, "bits per pixel", "BMP of runs of 24 bits");
	start_bmp(64, 5, 3, 24, 4, 10);
	put_zeros(10);
	expect(NACHET_PICTURE_OK, NULL, "BMP of OS/2's runs of 24 bits");
	start_bmp_with_tables(64, 1, 3, 10, 2, 8);
	put_zeros(10);
	expect(NACHET_PICTURE_OK, NULL, "BMP of OS/2's Huffman codes");
	start_bmp_with_tables(40, 16, 3, 0, 0, 12);
	put_zeros(36);
	expect(NACHET_PICTURE_OK, NULL, "BMP of bit fields");
	start_bmp_with_tables(40, 32, 6, 0, 0, 16);
	put_zeros(60);
	expect(NACHET_PICTURE_OK, NULL, "BMP of bit fields with alpha");
	start_bmp(40, 5, 3, 8, 3, 0);
	put_zeros(36);
	expect(NACHET_PICTURE_MALFORMED, "bits per pixel", "BMP of bit fields in 8 bits");
}

/* Run-length codes of 5 x 3 pixels behind a header without their size. */
static void
start_runs(uint32_t header_bytes, unsigned int bits, uint32_t compression, const char *codes,
           size_t length)
{
	start_bmp_with_tables(header_bytes, bits, compression, 0, 2, bits > 8 ? 0 : 8);
	put(codes, length);
}

#define RUNS(codes) codes, sizeof(codes) - 1

static void
test_bmp_runs_without_size(void)
{
	static const char rle8[] = "\5\1\0\0\2\1\0\3\1\0\1\0\0\0\5\1\0\1";
	static const char rle4[] = "\5\x10\0\0\0\5\x10\x10\x10\0\0\0\5\x10\0\1";
	static const char rle24[] = "\5\1\2\3\0\0\0\3\1\2\3\4\5\6\7\x8\x9\0\2\1\2\3\0\0\5\1\2\3\0\1";

	start_runs(40, 8, 1, RUNS(rle8));
	expect(NACHET_PICTURE_OK, NULL, "BMP of runs of unknown length (RLE8)");
	for (size_t length = 0; length + 1 < sizeof(rle8); length++)
	{
		start_runs(40, 8, 1, rle8, length);
		expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "and cut off");
	}
	start_runs(40, 4, 2, RUNS(rle4));
	expect(NACHET_PICTURE_OK, NULL, "BMP of runs of unknown length (RLE4)");
	start_runs(40, 4, 2, rle4, sizeof(rle4) - 2);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "and cut off");
	start_runs(64, 24, 4, RUNS(rle24));
	expect(NACHET_PICTURE_OK, NULL, "BMP of OS/2's runs of unknown length");
	start_runs(64, 24, 4, rle24, sizeof(rle24) - 2);
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "and cut off");
	start_runs(40, 8, 1, RUNS("\5\1\0\0\5\1\0\0\5\1\0\0"));
	expect(NACHET_PICTURE_OK, NULL, "BMP whose runs end with the last row");
	start_runs(40, 8, 1, RUNS("\0\2\0\2\5\1\0\0"));
	expect(NACHET_PICTURE_OK, NULL, "BMP whose runs step over rows");
	start_runs(40, 8, 1, RUNS("\0\2\0"));
	expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "and cut off in a step");
	start_runs(40, 8, 1, RUNS("\0\1"));
	expect(NACHET_PICTURE_OK, NULL, "BMP of nothing but an end");
	start_bmp_with_tables(64, 1, 3, 0, 2, 8);
	put_zeros(1000);
	expect(NACHET_PICTURE_MALFORMED, "without their size",
	       "BMP of Huffman codes of unknown length");
}

/* The pixels begin behind the palette and the masks, wherever bfOffBits points. */
static void
test_bmp_tables(void)
{
	static const struct
	{
		uint32_t header_bytes;
		unsigned int bits;
		uint32_t compression;
		uint32_t colours;
		uint32_t table_bytes;
		uint32_t pixel_bytes; /* of 5 x 3 */
	} kinds[] = {
	    {40, 8, 0, 0, 1024, 24}, {40, 8, 0, 100, 400, 24}, {40, 8, 0, UINT32_MAX, 1024, 24},
	    {40, 4, 0, 0, 64, 12},   {40, 1, 0, 2, 8, 12},     {124, 8, 0, 7, 28, 24},
	    {40, 16, 3, 0, 12, 36},  {40, 32, 6, 0, 16, 60},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		start_bmp_with_tables(kinds[i].header_bytes, kinds[i].bits, kinds[i].compression, 0,
		                      kinds[i].colours, kinds[i].table_bytes);
		put_zeros(kinds[i].pixel_bytes);
		expect_size(5, 3, "BMP with a table before its pixels");
		set_number(10, 14 + kinds[i].header_bytes, 4, false);
		expect_size(5, 3, "and with its pixels said to begin at the table");
		bytes.size--;
		expect(NACHET_PICTURE_TRUNCATED, "pixels are missing", "and less one byte");
	}
	/* OS/2: a palette of fewer colours than the bits can name has no other sign */
	start();
	put_text("BM");
	put_zeros(8);
	put_le(14 + 12 + 3 * 100, 4);
	put_le(12, 4);
	put_le(5, 2);
	put_le(3, 2);
	put_le(1, 2);
	put_le(8, 2);
	put_zeros(3 * 100 + 24);
	expect_size(5, 3, "BMP of OS/2 with 100 colours");
}

/* --- WebP ------------------------------------------------------------------------------------- */

static void
start_webp(void)
{
	start();
	put_text("RIFF");
	put_zeros(4);
	put_text("WEBP");
}

static void
finish_webp(void)
{
	set_number(4, bytes.size - 8, 4, false);
}

static void
put_riff_chunk(const char *name, const void *data, size_t length)
{
	put_text(name);
	put_le(length, 4);
	put(data, length);
	put_zeros(length & 1);
}

/* A key frame of 3 x 2 with one byte of first partition. */
static const unsigned char vp8[] = {0x30, 0, 0, 0x9d, 0x01, 0x2a, 3, 0x40, 2, 0x80, 'x'};
/* 3 x 2, version 0, a byte of data. */
static const unsigned char vp8l[] = {0x2f, 2, 0x40, 0, 0, 'x'};

static void
put_vp8x(unsigned char flags, uint32_t width, uint32_t height)
{
	unsigned char data[10] = {flags};

	for (int i = 0; i < 3; i++)
	{
		data[4 + i] = (unsigned char) ((width - 1) >> (8 * i));
		data[7 + i] = (unsigned char) ((height - 1) >> (8 * i));
	}
	put_riff_chunk("VP8X", data, 10);
}

static void
test_webp_simple(void)
{
	start_webp();
	put_riff_chunk("VP8 ", vp8, sizeof(vp8));
	finish_webp();
	expect_size(3, 2, "WebP, lossy, without the scaling bits");
	bytes.data[bytes.size - 12] |= 0x01;
	expect(NACHET_PICTURE_MALFORMED, "key frame", "WebP of a frame between key frames");
	start_webp();
	put_riff_chunk("VP8 ", vp8, sizeof(vp8));
	finish_webp();
	bytes.data[20] = 0x50;
	expect(NACHET_PICTURE_MALFORMED, "first partition", "WebP with a partition beyond its data");
	start_webp();
	put_riff_chunk("VP8 ", vp8, 9);
	finish_webp();
	expect(NACHET_PICTURE_MALFORMED, "too short for", "WebP, lossy, of 9 bytes");
	start_webp();
	put_riff_chunk("VP8L", vp8l, sizeof(vp8l));
	finish_webp();
	expect_size(3, 2, "WebP, lossless");
	bytes.data[24] = 0x20;
	expect(NACHET_PICTURE_MALFORMED, "version", "WebP, lossless, of an unknown version");
	start_webp();
	put_riff_chunk("VP8L", vp8l, 5);
	finish_webp();
	expect(NACHET_PICTURE_MALFORMED, "too short for", "WebP, lossless, without data");
	start_webp();
	put_riff_chunk("VP8 ", "\x30\0\0\x9d\x01\x2a\0\0\2\0x", 11);
	finish_webp();
	expect(NACHET_PICTURE_DIMENSIONS, "WebP: width is 0", "WebP without width");
	start_webp();
	put_riff_chunk("EXIF", "exif", 4);
	put_riff_chunk("VP8L", vp8l, sizeof(vp8l));
	finish_webp();
	expect(NACHET_PICTURE_MALFORMED, "no image", "WebP with something before its only image");
}

static void
test_webp_sizes(void)
{
	start_webp();
	finish_webp();
	expect(NACHET_PICTURE_MALFORMED, "no image", "WebP without a chunk");
	start_webp();
	put_riff_chunk("VP8L", vp8l, sizeof(vp8l));
	set_number(4, UINT32_MAX, 4, false);
	expect(NACHET_PICTURE_TRUNCATED, "RIFF", "WebP that claims 4 GiB");
	set_number(4, 0, 4, false);
	expect(NACHET_PICTURE_MALFORMED, "no image", "WebP that claims nothing");
	set_number(4, bytes.size - 9, 4, false);
	expect(NACHET_PICTURE_MALFORMED, "beyond", "WebP with a chunk beyond what RIFF claims");
	finish_webp();
	set_number(16, UINT32_MAX, 4, false);
	expect(NACHET_PICTURE_MALFORMED, "beyond", "WebP chunk of length 2^32 - 1");
	start_webp();
	put_riff_chunk("VP8L", vp8l, sizeof(vp8l));
	put_text("EXIF\1\0\0");
	finish_webp();
	expect(NACHET_PICTURE_MALFORMED, "beyond", "WebP with 7 bytes of a chunk");
	start_webp();
	put_riff_chunk("VP8 ", vp8, sizeof(vp8));
	bytes.size--;
	finish_webp();
	expect(NACHET_PICTURE_OK, NULL, "WebP without its last byte of padding, nor counting it");
}

static void
test_webp_extended(void)
{
	unsigned char frame[16 + 8 + sizeof(vp8l)] = {0};

	start_webp();
	put_vp8x(0, 3, 2);
	put_riff_chunk("ICCP", "p", 1);
	put_riff_chunk("VP8L", vp8l, sizeof(vp8l));
	finish_webp();
	expect_size(3, 2, "WebP, extended");
	start_webp();
	put_vp8x(0, 4, 2);
	put_riff_chunk("VP8L", vp8l, sizeof(vp8l));
	finish_webp();
	expect(NACHET_PICTURE_MALFORMED, "differ", "WebP with a canvas larger than its image");
	start_webp();
	put_vp8x(0, 3, 2);
	finish_webp();
	expect(NACHET_PICTURE_MALFORMED, "no image", "WebP, extended, without an image");
	start_webp();
	put_vp8x(0, 1 << 24, 1 << 24);
	finish_webp();
	expect(NACHET_PICTURE_DIMENSIONS, "longer", "WebP with the largest canvas");
	start_webp();
	put_riff_chunk("VP8X", "123456789", 9);
	finish_webp();
	expect(NACHET_PICTURE_MALFORMED, "too short", "WebP with a short VP8X");

	memcpy(frame + 16, "VP8L\x06\0\0\0", 8);
	memcpy(frame + 24, vp8l, sizeof(vp8l));
	start_webp();
	put_vp8x(2, 300, 200);
	put_riff_chunk("ANIM", "123456", 6);
	put_riff_chunk("ANMF", frame, sizeof(frame));
	finish_webp();
	expect_size(300, 200, "WebP, animated");
	frame[20] = 0xff;
	start_webp();
	put_vp8x(2, 300, 200);
	put_riff_chunk("ANMF", frame, sizeof(frame));
	finish_webp();
	expect(NACHET_PICTURE_MALFORMED, "beyond", "WebP with a frame's image beyond the frame");
	start_webp();
	put_vp8x(2, 300, 200);
	put_riff_chunk("ANMF", frame, 16);
	finish_webp();
	expect(NACHET_PICTURE_MALFORMED, "without an image", "WebP with an empty frame");
	start_webp();
	put_vp8x(2, 300, 200);
	put_riff_chunk("ANMF", frame, 15);
	finish_webp();
	expect(NACHET_PICTURE_MALFORMED, "too short for", "WebP with a frame of 15 bytes");
	start_webp();
	put_vp8x(2, 300, 200);
	put_riff_chunk("VP8L", vp8l, sizeof(vp8l));
	finish_webp();
	expect(NACHET_PICTURE_MALFORMED, "no image", "WebP, animated, without a frame");
}

/* A file that was never written to its end is zeros from somewhere on. */
static void
test_webp_zeros(void)
{
	static const char *const names[] = {"VP8 ", "VP8L"};
	unsigned char frame[16 + 8 + 600] = {0};

	for (int kind = 0; kind < 2; kind++)
	{
		unsigned char data[600] = {0};

		if (kind == 0)
			memcpy(data, vp8, sizeof(vp8));
		else
			memcpy(data, vp8l, sizeof(vp8l));
		start_webp();
		put_riff_chunk(names[kind], data, sizeof(data));
		finish_webp();
		expect(NACHET_PICTURE_MALFORMED, "pixels end in zeros", "WebP whose data ends in zeros");
		bytes.data[bytes.size - 256] = 1;
		expect_size(3, 2, "and in 255 of them");

		/* the second frame of an animation */
		memcpy(frame + 16, names[kind], 4);
		frame[21] = 600 >> 8;
		frame[20] = 600 & 255;
		memcpy(frame + 24, data, 600);
		start_webp();
		put_vp8x(2, 300, 200);
		frame[sizeof(frame) - 1] = 1;
		put_riff_chunk("ANMF", frame, sizeof(frame));
		frame[sizeof(frame) - 1] = 0;
		put_riff_chunk("ANMF", frame, sizeof(frame));
		finish_webp();
		expect(NACHET_PICTURE_MALFORMED, "pixels end in zeros",
		       "WebP whose second frame ends in zeros");
	}
	start_webp();
	put_vp8x(0, 3, 2);
	put_riff_chunk("VP8L", vp8l, sizeof(vp8l));
	put_riff_chunk("EXIF", "\0\0\0\0\0\0", 6);
	finish_webp();
	expect_size(3, 2, "WebP with metadata of zeros");
	put_zeros(64);
	finish_webp();
	expect(NACHET_PICTURE_MALFORMED, "without a name", "WebP whose last chunks are zeros");
}

int
main(void)
{
	test_bmp_sizes();
	test_bmp_headers();
	test_bmp_compressed();
	test_bmp_runs_without_size();
	test_bmp_tables();
	test_webp_simple();
	test_webp_sizes();
	test_webp_extended();
	test_webp_zeros();
	return tap_done();
}

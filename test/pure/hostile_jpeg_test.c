/*
 * test/pure/hostile_jpeg_test.c
 *		Hand-made JPEG that lie, loop or are odd.
 */
#include "bytes.h"

/* Where start_jpeg puts the frame. */
#define FRAME_OFFSET (2 + 4 + 65)

static void
put_segment(unsigned char marker, size_t data_bytes)
{
	put_be(0xff00 | marker, 2);
	put_be(2 + data_bytes, 2);
}

/* Components 1, 2 and so on, which name the quantization tables 0, 1 and so on. */
static void
put_frame(unsigned char marker, unsigned int height, unsigned int width, unsigned int components)
{
	put_segment(marker, 6 + 3 * components);
	put_be(8, 1);
	put_be(height, 2);
	put_be(width, 2);
	put_be(components, 1);
	for (unsigned int i = 0; i < components; i++)
		put_be((i + 1) << 16 | 0x1100 | i, 3);
}

static void
put_quantization(unsigned int number)
{
	put_segment(0xdb, 65);
	put_be(number, 1);
	put_zeros(64);
}

/* A scan of the first component, with some data. */
static void
put_scan(const char *data)
{
	put_segment(0xda, 6);
	put_be(0x0101, 2);
	put_zeros(4);
	put_text(data);
}

/* SOI, a quantization table, a frame, a scan with a little data; the end is up to the caller. */
static void
start_jpeg(unsigned char marker, unsigned int height, unsigned int width)
{
	start();
	put_be(0xffd8, 2);
	put_quantization(0);
	put_frame(marker, height, width, 1);
	put_scan("data");
}

static void
test_jpeg_frames(void)
{
	static const unsigned char accepted[] = {0xc0, 0xc1, 0xc2, 0xc9, 0xca};
	static const unsigned char refused[] = {0xc5, 0xc6, 0xc7, 0xcd, 0xce, 0xcf};
	static const unsigned char lossless[] = {0xc3, 0xcb};

	for (size_t i = 0; i < sizeof(accepted); i++)
	{
		start_jpeg(accepted[i], 259, 513);
		put_zeros(300);
		put_be(0xffd9, 2);
		expect_size(513, 259, "JPEG frame of a plain kind");
	}
	for (size_t i = 0; i < sizeof(refused); i++)
	{
		start_jpeg(refused[i], 3, 4);
		put_be(0xffd9, 2);
		expect(NACHET_PICTURE_VARIANT, "hierarchical", "JPEG frame of a differential kind");
	}
	for (size_t i = 0; i < sizeof(lossless); i++)
	{
		start_jpeg(lossless[i], 3, 4);
		put_be(0xffd9, 2);
		expect(NACHET_PICTURE_VARIANT, "lossless", "JPEG without loss");
	}
	for (unsigned int bits = 2; bits <= 16; bits++)
	{
		start_jpeg(0xc1, 3, 4);
		bytes.data[FRAME_OFFSET + 4] = (unsigned char) bits;
		put_be(0xffd9, 2);
		if (bits == 8)
			expect(NACHET_PICTURE_OK, NULL, "JPEG of 8 bits a sample");
		else
			expect(NACHET_PICTURE_VARIANT, "8 bits a sample", "JPEG of other than 8 bits");
	}
	start();
	put_be(0xffd8, 2);
	put_frame(0xf7, 3, 4, 1);
	put_scan("data");
	put_be(0xffd9, 2);
	expect(NACHET_PICTURE_VARIANT, "JPEG-LS", "JPEG-LS");
	start();
	put_be(0xffd8, 2);
	put_segment(0xde, 8);
	put_zeros(8);
	expect(NACHET_PICTURE_VARIANT, "hierarchical", "JPEG with a hierarchical progression");

	start_jpeg(0xc0, 3, 0);
	put_be(0xffd9, 2);
	expect(NACHET_PICTURE_DIMENSIONS, "JPEG: width is 0", "JPEG without width");
	start_jpeg(0xc0, 0, 4);
	put_be(UINT64_C(0xffdc00040003ffd9), 8);
	expect(NACHET_PICTURE_DIMENSIONS, "DNL", "JPEG with its height in a DNL segment");
	start_jpeg(0xc9, 65535, 65535);
	put_be(0xffd9, 2);
	expect_size(65535, 65535, "the largest JPEG, in arithmetic codes");

	start();
	put_be(0xffd8, 2);
	put_frame(0xc0, 3, 4, 3);
	bytes.data[3] = 0xc0;
	bytes.data[5] = 16;
	put_scan("data");
	put_be(0xffd9, 2);
	expect(NACHET_PICTURE_MALFORMED, "contradicts", "JPEG frame with a wrong length");
	start();
	put_be(0xffd8, 2);
	put_frame(0xc0, 3, 4, 1);
	put_frame(0xc0, 3, 4, 1);
	expect(NACHET_PICTURE_MALFORMED, "more than one frame", "JPEG with two frames");
	start();
	put_be(0xffd8, 2);
	put_frame(0xc0, 3, 4, 0);
	expect(NACHET_PICTURE_MALFORMED, "contradicts", "JPEG frame without components");
}

static void
test_jpeg_structure(void)
{
	start();
	put_be(0xffd8ffd9, 4);
	expect(NACHET_PICTURE_MALFORMED, "without a scan", "JPEG of SOI and EOI");
	start();
	put_be(0xffd8, 2);
	put_frame(0xc0, 3, 4, 1);
	put_be(0xffd9, 2);
	expect(NACHET_PICTURE_MALFORMED, "without a scan", "JPEG without a scan");
	start();
	put_be(0xffd8, 2);
	put_scan("data");
	put_be(0xffd9, 2);
	expect(NACHET_PICTURE_MALFORMED, "before the frame", "JPEG with a scan before its frame");
	start();
	put_be(0xffd8, 2);
	put_quantization(0);
	put_frame(0xc0, 3, 4, 1);
	put_scan("");
	put_be(0xffd9, 2);
	expect(NACHET_PICTURE_MALFORMED, "without a scan", "JPEG with an empty scan");
	start();
	put_be(0xffd8, 2);
	put_frame(0xc0, 3, 4, 5);
	put_segment(0xda, 4 + 2 * 5);
	put_be(5, 1);
	put_zeros(4 + 2 * 5 - 1);
	put_text("data");
	put_be(0xffd9, 2);
	expect(NACHET_PICTURE_MALFORMED, "contradicts", "JPEG with a scan of five components");
	start();
	put_be(UINT64_C(0xffd8ffe00001), 6);
	expect(NACHET_PICTURE_MALFORMED, "below 2", "JPEG segment of length 1");
	start();
	put_be(UINT64_C(0xffd8ffe0ffff), 6);
	expect(NACHET_PICTURE_TRUNCATED, "a segment is cut off", "JPEG segment beyond the end");
	start();
	put_be(UINT64_C(0xffd8ff370002), 6);
	expect(NACHET_PICTURE_MALFORMED, "out of place", "JPEG with a reserved marker");
	start();
	put_be(UINT64_C(0xffd8ffd8), 4);
	expect(NACHET_PICTURE_MALFORMED, "out of place", "JPEG with two starts");
	start();
	put_be(0xffd8, 2);
	for (int i = 0; i < 30000; i++)
		put_be(0xff, 1);
	expect(NACHET_PICTURE_TRUNCATED, "no end-of-image", "JPEG of fill bytes");
}

/* What the first scan needs must be there: its components, in order, and their tables. */
static void
test_jpeg_scans(void)
{
	static const struct
	{
		const char *components;
		NachetPictureStatus status;
		const char *reason;
	} scans[] = {
	    {"1", NACHET_PICTURE_OK, NULL},
	    {"2", NACHET_PICTURE_OK, NULL},
	    {"12", NACHET_PICTURE_OK, NULL},
	    {"3", NACHET_PICTURE_MALFORMED, "a quantization table is missing"},
	    {"123", NACHET_PICTURE_MALFORMED, "a quantization table is missing"},
	    {"4", NACHET_PICTURE_MALFORMED, "components are not those of the frame"},
	    {"0", NACHET_PICTURE_MALFORMED, "components are not those of the frame"},
	    {"11", NACHET_PICTURE_MALFORMED, "components are not those of the frame"},
	    {"21", NACHET_PICTURE_MALFORMED, "components are not those of the frame"},
	};

	for (size_t i = 0; i < sizeof(scans) / sizeof(scans[0]); i++)
	{
		size_t count = strlen(scans[i].components);

		start();
		put_be(0xffd8, 2);
		put_segment(0xdb, 65 + 129);
		put_zeros(65);
		put_be(0x11, 1);
		put_zeros(128);
		put_frame(0xc2, 30, 40, 3);
		put_segment(0xda, 4 + 2 * count);
		put_be(count, 1);
		for (size_t k = 0; k < count; k++)
			put_be((uint64_t) (scans[i].components[k] - '0') << 8, 2);
		put_zeros(3);
		put_text("data");
		put_be(0xffd9, 2);
		expect(scans[i].status, scans[i].reason, "JPEG whose first scan names components");
	}
	/* two components of one name, as some cameras have them */
	start();
	put_be(0xffd8, 2);
	put_quantization(0);
	put_quantization(1);
	put_frame(0xc0, 3, 4, 2);
	bytes.data[bytes.size - 3] = 1;
	put_segment(0xda, 8);
	put_be(UINT64_C(0x0201000100000000), 8);
	put_text("data");
	put_be(0xffd9, 2);
	expect(NACHET_PICTURE_OK, NULL, "JPEG with two components of one name");
	start_jpeg(0xc0, 3, 4);
	put_be(0xffd9, 2);
	set_number(4, 64, 2, true);
	bytes.data[4 + 64] = 0xff;
	bytes.data[4 + 65] = 0xff;
	bytes.data[4 + 66] = 0xff;
	expect(NACHET_PICTURE_MALFORMED, "a quantization table is missing",
	       "JPEG whose quantization table is too short");

	/* a bit for 64 pixels is the least */
	start_jpeg(0xc0, 512, 64);
	put_zeros(58);
	put_be(0xffd9, 2);
	expect(NACHET_PICTURE_OK, NULL, "JPEG of as many pixels as its bytes may hold");
	start_jpeg(0xc0, 512, 65);
	put_zeros(58);
	put_be(0xffd9, 2);
	expect(NACHET_PICTURE_MALFORMED, "too few bytes", "and of more");
	put_text("something behind");
	expect(NACHET_PICTURE_OK, NULL, "and with something behind it, which may be a part of it");
	start_jpeg(0xc2, 65500, 65500);
	put_zeros(600);
	put_be(0xffd9, 2);
	expect(NACHET_PICTURE_MALFORMED, "too few bytes", "JPEG of 4 billion pixels in 700 bytes");
}

/* Ends that the last two bytes do not show: found by reading the scan. */
static void
test_jpeg_ends(void)
{
	start_jpeg(0xc0, 3, 4);
	for (int i = 0; i < 3000; i++)
		put_be(0xff00ffd0 | (i & 7), 4);
	expect(NACHET_PICTURE_TRUNCATED, "no end-of-image",
	       "JPEG scan of stuffing and restarts, no end");
	put_be(UINT64_C(0xffd90000), 4);
	expect(NACHET_PICTURE_OK, NULL, "and with its end, before zeros");
	put_be(0xffd9, 2);
	expect(NACHET_PICTURE_OK, NULL, "and with another end");

	/* a table between scans that holds an end's bytes */
	start_jpeg(0xc2, 3, 4);
	put_segment(0xfe, 4);
	put_be(0xffd9ffd9, 4);
	put_scan("more");
	expect(NACHET_PICTURE_TRUNCATED, "no end-of-image",
	       "JPEG with an end in a comment between scans");
	put_be(0xffffffd9, 4);
	expect(NACHET_PICTURE_OK, NULL, "and with an end after fill bytes");

	/* an end across the edges of whatever is read at once */
	for (unsigned int padding = 0;
	     padding<9000; padding += padding> 3500 && padding < 4700 ? 1 : 97)
	{
		NachetPicture picture;

		start_jpeg(0xc0, 3, 4);
		memset(bytes.data + bytes.size, 'x', padding);
		put_zeros(padding);
		put_be(0xffd90000, 4);
		if (nachet_picture_header_read_buffer(bytes.data, bytes.size, &picture) !=
		    NACHET_PICTURE_OK)
			ok(false, "JPEG with its end after %u more bytes", padding);
		if (nachet_picture_header_read_buffer(bytes.data, bytes.size - 3, &picture) !=
		    NACHET_PICTURE_TRUNCATED)
			ok(false, "JPEG cut in its end after %u more bytes", padding);
	}
	ok(true, "JPEG: the end is found wherever it lies");

	start();
	put_be(0xffd8, 2);
	put_segment(0xfe, 0);
	put_text("stray bytes");
	put_quantization(0);
	put_frame(0xc0, 3, 4, 1);
	put_be(0, 2);
	put_scan("data");
	put_be(0xffd9, 2);
	expect(NACHET_PICTURE_OK, NULL, "JPEG with stray bytes between segments, as libjpeg accepts");
}

int
main(void)
{
	test_jpeg_frames();
	test_jpeg_structure();
	test_jpeg_scans();
	test_jpeg_ends();
	return tap_done();
}

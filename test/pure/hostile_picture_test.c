/*
 * test/pure/hostile_picture_test.c
 *		Hand-made bytes that are no picture, and JPEG, PNG and GIF that lie, loop or are odd.
 */
#include "bytes.h"
#include "crc.h"

/* --- no picture ------------------------------------------------------------------------------- */

static void
test_unknown(void)
{
	static const char *const texts[] = {"a",
	                                    "hello, I am a text\n",
	                                    "BMW and other texts that are long",
	                                    "RIFF\x10\0\0\0WAVEfmt ",
	                                    "II",
	                                    "MM\0",
	                                    "\x89PN",
	                                    "GIF",
	                                    "\xff\xd8",
	                                    "P6",
	                                    "????fty",
	                                    "DICM",
	                                    "PK"};

	start();
	expect(NACHET_PICTURE_EMPTY, "is empty", "no byte");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		start();
		put_text(texts[i]);
		expect(NACHET_PICTURE_UNKNOWN, "not a picture", "no signature");
	}
	start();
	put_zeros(5000);
	expect(NACHET_PICTURE_UNKNOWN, "not a picture", "zeros");
	start();
	put_text("RIFF");
	put_le(20, 4);
	put_text("WAVEfmt ");
	put_zeros(20);
	expect(NACHET_PICTURE_UNKNOWN, "not a picture", "another RIFF file");
}

/* Formats that are not accepted say so by name, and what to do. */
static void
test_foreign(void)
{
	static const struct
	{
		size_t before; /* bytes of 0 before it */
		const char *start;
		NachetPictureStatus status;
		const char *reason;
	} files[] = {
	    {4, "ftypheic", NACHET_PICTURE_UNSUPPORTED, "a HEIC picture; convert it to JPEG or TIFF"},
	    {4, "ftypheix", NACHET_PICTURE_UNSUPPORTED, "a HEIC picture; convert it to JPEG or TIFF"},
	    {4, "ftypmif1", NACHET_PICTURE_UNSUPPORTED, "a HEIF picture; convert it to JPEG or TIFF"},
	    {4, "ftypmsf1", NACHET_PICTURE_UNSUPPORTED, "a HEIF picture; convert it to JPEG or TIFF"},
	    {4, "ftypavif", NACHET_PICTURE_UNSUPPORTED, "an AVIF picture; convert it to JPEG or TIFF"},
	    {4, "ftypavis", NACHET_PICTURE_UNSUPPORTED, "an AVIF picture; convert it to JPEG or TIFF"},
	    {4, "ftypcrx ", NACHET_PICTURE_RAW, "a camera's raw file (CR3); export it as TIFF or JPEG"},
	    {4, "ftypisom", NACHET_PICTURE_VIDEO, "a video; export its frames as PNG or JPEG"},
	    {4, "ftypqt  ", NACHET_PICTURE_VIDEO, "a video; export its frames as PNG or JPEG"},
	    {3, "\x0cjP  \r\n\x87\n", NACHET_PICTURE_UNSUPPORTED,
	     "a JPEG 2000 picture; convert it to JPEG or TIFF"},
	    {0, "\xff\x4f\xff\x51", NACHET_PICTURE_UNSUPPORTED,
	     "a JPEG 2000 picture; convert it to JPEG or TIFF"},
	    {3, "\x0cJXL \r\n\x87\n", NACHET_PICTURE_UNSUPPORTED,
	     "a JPEG XL picture; convert it to JPEG or TIFF"},
	    {0, "\xff\x0a\xfa\x1f", NACHET_PICTURE_UNSUPPORTED,
	     "a JPEG XL picture; convert it to JPEG or TIFF"},
	    {0, "II\xbc\x01", NACHET_PICTURE_UNSUPPORTED,
	     "a JPEG XR picture; convert it to JPEG or TIFF"},
	    {0, "v/1\x01", NACHET_PICTURE_UNSUPPORTED,
	     "an OpenEXR picture; convert it to JPEG or TIFF"},
	    {0, "#?RADIANCE\n", NACHET_PICTURE_UNSUPPORTED,
	     "a Radiance HDR picture; convert it to JPEG or TIFF"},
	    {0, "SIMPLE  =    T", NACHET_PICTURE_UNSUPPORTED,
	     "a FITS picture; convert it to JPEG or TIFF"},
	    {0, "qoif", NACHET_PICTURE_UNSUPPORTED, "a QOI picture; convert it to JPEG or TIFF"},
	    {0, "P1\n4 4", NACHET_PICTURE_UNSUPPORTED, "a PBM picture; convert it to JPEG or TIFF"},
	    {0, "P5\n4 4", NACHET_PICTURE_UNSUPPORTED, "a PGM picture; convert it to JPEG or TIFF"},
	    {0, "P6\n4 4", NACHET_PICTURE_UNSUPPORTED, "a PPM picture; convert it to JPEG or TIFF"},
	    {0, "P7\nWIDTH", NACHET_PICTURE_UNSUPPORTED, "a PAM picture; convert it to JPEG or TIFF"},
	    {0, "FUJIFILMCCD-RAW ", NACHET_PICTURE_RAW,
	     "a camera's raw file (RAF); export it as TIFF or JPEG"},
	    {0, "IIRO\x08", NACHET_PICTURE_RAW, "a camera's raw file (ORF); export it as TIFF or JPEG"},
	    {0, "MMOR\0\0", NACHET_PICTURE_RAW, "a camera's raw file (ORF); export it as TIFF or JPEG"},
	    {0, "IIU", NACHET_PICTURE_RAW, "a camera's raw file (RW2); export it as TIFF or JPEG"},
	    {0, "FOVb", NACHET_PICTURE_RAW, "a camera's raw file (X3F); export it as TIFF or JPEG"},
	    {1, "MRM", NACHET_PICTURE_RAW, "a camera's raw file (MRW); export it as TIFF or JPEG"},
	    {0, "ZISRAWFILE", NACHET_PICTURE_MICROSCOPE,
	     "a microscope's file (CZI); export its pictures as TIFF"},
	    {0, "\xda\xce\xbe\x0a", NACHET_PICTURE_MICROSCOPE,
	     "a microscope's file (ND2); export its pictures as TIFF"},
	    {0, "8BPS", NACHET_PICTURE_DOCUMENT, "a Photoshop document (PSD); export it as TIFF"},
	    {0, "gimp xcf v011", NACHET_PICTURE_DOCUMENT, "a GIMP document (XCF); export it as TIFF"},
	    {0, "%PDF-1.7", NACHET_PICTURE_DOCUMENT,
	     "a PDF document; export its pictures as TIFF or PNG"},
	    {128, "DICM", NACHET_PICTURE_UNSUPPORTED, "a DICOM file; export it as TIFF or PNG"},
	    {0, "<svg/>", NACHET_PICTURE_DOCUMENT, "an SVG drawing; export it as PNG"},
	    {0, "<?xml version=\"1.0\"?>\n<!-- drawn -->\n<svg>", NACHET_PICTURE_DOCUMENT,
	     "an SVG drawing; export it as PNG"},
	    {0, "PK\x03\x04", NACHET_PICTURE_ARCHIVE, "a ZIP archive; unpack it first"},
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
	{
		start();
		put_zeros(files[i].before);
		put_text(files[i].start);
		put_zeros(100);
		expect(files[i].status, files[i].reason, files[i].reason);
	}
	start();
	put_be(0x00000100, 4);
	put_zeros(100);
	expect(NACHET_PICTURE_UNSUPPORTED, "an icon (ICO); convert it to PNG", "an icon");
	start();
	put_text("RIFF\x40\x40\x40\x40"
	         "AVI LIST");
	expect(NACHET_PICTURE_VIDEO, "a video", "an AVI file");
	start();
	put("p\0\0\0\x10\x10\0\0*", 9);
	expect(NACHET_PICTURE_MICROSCOPE, "(LIF)", "a Leica microscope's file");
	start();
	put("II\x1a\0\0\0HEAPCCDR", 14);
	expect(NACHET_PICTURE_RAW, "(CRW)", "an old Canon's raw file");
	start();
	put("II*\0\x10\0\0\0CR\2\0", 12);
	put_zeros(100);
	expect(NACHET_PICTURE_RAW, "a camera's raw file (CR2)", "a Canon's raw file");
}

/* --- JPEG ------------------------------------------------------------------------------------- */

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

/* --- PNG -------------------------------------------------------------------------------------- */

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

/* --- GIF -------------------------------------------------------------------------------------- */

static void
start_gif(const char *version, unsigned int width, unsigned int height, unsigned int packed)
{
	start();
	put_text(version);
	put_le(width, 2);
	put_le(height, 2);
	put_le(packed, 1);
	put_zeros(2);
	if (packed & 0x80)
		put_zeros((size_t) 3 << ((packed & 7) + 1));
}

static void
put_gif_image(unsigned int width, unsigned int height, unsigned int code_size,
              unsigned int data_bytes)
{
	put_text(",");
	put_zeros(4);
	put_le(width, 2);
	put_le(height, 2);
	put_le(0, 1);
	put_le(code_size, 1);
	if (data_bytes > 0)
		put_le(data_bytes, 1);
	put_zeros(data_bytes);
	put_le(0, 1);
}

static void
test_gif(void)
{
	start_gif("GIF89a", 300, 2, 0x87);
	put_gif_image(300, 2, 8, 255);
	put_text(";");
	expect_size(300, 2, "GIF with 256 colours");
	start_gif("GIF88a", 3, 2, 0);
	put_gif_image(3, 2, 2, 4);
	put_text(";");
	expect(NACHET_PICTURE_MALFORMED, "version", "GIF88a");
	start_gif("GIF89a", 3, 2, 0x80);
	put_text(";");
	expect(NACHET_PICTURE_MALFORMED, "no image", "GIF without an image");
	start_gif("GIF89a", 3, 2, 0);
	put("!\xfe\x03zzz", 6);
	put_le(0, 1);
	put_text(";");
	expect(NACHET_PICTURE_MALFORMED, "no image", "GIF of a comment");
	start_gif("GIF89a", 0, 2, 0);
	put_gif_image(3, 2, 2, 4);
	put_text(";");
	expect(NACHET_PICTURE_DIMENSIONS, "GIF: width is 0", "GIF without width");
	start_gif("GIF89a", 3, 0, 0);
	put_gif_image(3, 2, 2, 4);
	put_text(";");
	expect(NACHET_PICTURE_DIMENSIONS, "GIF: height is 0", "GIF without height");
	start_gif("GIF89a", 3, 2, 0);
	put_gif_image(0, 2, 2, 4);
	put_text(";");
	expect(NACHET_PICTURE_MALFORMED, "without width", "GIF with an image without width");
	start_gif("GIF89a", 3, 2, 0);
	put_gif_image(3, 2, 12, 4);
	put_text(";");
	expect(NACHET_PICTURE_MALFORMED, "code size", "GIF with codes of 13 bits");
	start_gif("GIF89a", 3, 2, 0);
	put_gif_image(3, 2, 2, 0);
	put_text(";");
	expect(NACHET_PICTURE_MALFORMED, "without data", "GIF with an empty image");
	start_gif("GIF89a", 3, 2, 0);
	put_gif_image(3, 2, 2, 4);
	put_text("?");
	expect(NACHET_PICTURE_MALFORMED, "unknown block", "GIF with a strange block");
	start_gif("GIF89a", 3, 2, 0);
	put_gif_image(3, 2, 2, 4);
	put_zeros(30000);
	expect(NACHET_PICTURE_TRUNCATED, "no trailer", "GIF that ends in zeros");
	start_gif("GIF89a", 3, 2, 0);
	for (int i = 0; i < 10000; i++)
		put_text("!\xfe\x01x"), put_le(0, 1);
	expect(NACHET_PICTURE_TRUNCATED, "no trailer", "GIF of 10,000 comments");
}

/* As many pixels as codes can stand for, whatever they are. */
static void
test_gif_pixels(void)
{
	static const struct
	{
		unsigned int width;
		unsigned int height;
		unsigned int code_size;
		unsigned int data_bytes;
		bool enough;
	} images[] = {
	    /* two codes of three bits: one pixel, and two more */
	    {2, 2, 2, 1, false},
	    {3, 1, 2, 1, true},
	    {1, 1, 8, 1, false},
	    {1, 1, 7, 1, true},
	    {65535, 65535, 8, 255, false},
	    /* 226 codes of nine bits, if none is spent otherwise: 1 + 2 + ... + 226 */
	    {25651, 1, 8, 255, true},
	    {25652, 1, 8, 255, false},
	};

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
	{
		start_gif("GIF89a", 10, 10, 0);
		put_gif_image(images[i].width, images[i].height, images[i].code_size, images[i].data_bytes);
		put_text(";");
		if (images[i].enough)
			expect(NACHET_PICTURE_OK, NULL, "GIF of as many pixels as its codes may hold");
		else
			expect(NACHET_PICTURE_MALFORMED, "too few bytes",
			       "GIF of more than its codes may hold");
	}
	/* 65,535 bytes of codes that grow as long as they can */
	start_gif("GIF89a", 65535, 600, 0);
	put_gif_image(65535, 600, 8, 0);
	bytes.size--;
	for (int i = 0; i < 257; i++)
	{
		put_le(255, 1);
		put_zeros(255);
	}
	put_text(";");
	bytes.data[bytes.size - 1] = 0;
	put_text(";");
	expect_size(65535, 600, "GIF of 39 million pixels in 65 kB");
}

int
main(void)
{
	test_unknown();
	test_foreign();
	test_jpeg_frames();
	test_jpeg_structure();
	test_jpeg_scans();
	test_jpeg_ends();
	test_png_header();
	test_png_chunks();
	test_png_damage();
	test_png_bombs();
	test_gif();
	test_gif_pixels();
	return tap_done();
}

/*
 * test/pure/hostile_picture_test.c
 *		Hand-made bytes that are no picture, or of formats that are not accepted.
 */
#include "bytes.h"

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

int
main(void)
{
	test_unknown();
	test_foreign();
	return tap_done();
}

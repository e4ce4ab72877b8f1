/*
 * extension/pure/picture_foreign.c
 *		Formats that are not accepted: named by their signature, with what to do.
 *
 * The reason is read by whoever imports a folder, so it says what the file is in the words of its
 * makers. A row is asked only after all accepted formats.
 */
#include "picture_formats.h"

#include <string.h>

#define CONVERT(what)    what " picture; convert it to JPEG or TIFF"
#define MICROSCOPE(what) "a microscope's file (" what "); export its pictures as TIFF"
#define VIDEO            "a video; export its frames as PNG or JPEG"

typedef struct ForeignFormat
{
	const char *signature; /* '?' stands for any byte */
	size_t length;
	size_t at;    /* where it stands */
	size_t until; /* if above at, it may stand anywhere up to there */
	const char *reason;
} ForeignFormat;

#define START(bytes, reason)                                                                       \
	{                                                                                              \
		bytes, sizeof(bytes) - 1, 0, 0, reason                                                     \
	}
#define AT(offset, bytes, reason)                                                                  \
	{                                                                                              \
		bytes, sizeof(bytes) - 1, offset, 0, reason                                                \
	}
#define BEFORE(offset, bytes, reason)                                                              \
	{                                                                                              \
		bytes, sizeof(bytes) - 1, 0, offset, reason                                                \
	}

static const ForeignFormat foreign_formats[] = {
    /* ISO/IEC 14496-12: a file's kind is the brand in its first box */
    START("????ftyphe", CONVERT("a HEIC")),
    START("????ftypmif", CONVERT("a HEIF")),
    START("????ftypmsf", CONVERT("a HEIF")),
    START("????ftypavi", CONVERT("an AVIF")),
    START("????ftypcrx ", NACHET_RAW_FILE("CR3")),
    START("????ftypjp2 ", CONVERT("a JPEG 2000")),
    START("????ftyp", VIDEO),

    START("\0\0\0\x0cjP  ", CONVERT("a JPEG 2000")),
    START("\xff\x4f\xff\x51", CONVERT("a JPEG 2000")),
    START("\0\0\0\x0cJXL ", CONVERT("a JPEG XL")),
    START("\xff\x0a", CONVERT("a JPEG XL")),
    START("II\xbc", CONVERT("a JPEG XR")),
    START("v/1\x01", CONVERT("an OpenEXR")),
    START("#?RADIANCE", CONVERT("a Radiance HDR")),
    START("SIMPLE  =", CONVERT("a FITS")),
    START("qoif", CONVERT("a QOI")),
    START("\x8aMNG", CONVERT("an MNG")),
    START("\x8bJNG", CONVERT("a JNG")),
    START("P1\n", CONVERT("a PBM")),
    START("P2\n", CONVERT("a PGM")),
    START("P3\n", CONVERT("a PPM")),
    START("P4\n", CONVERT("a PBM")),
    START("P5\n", CONVERT("a PGM")),
    START("P6\n", CONVERT("a PPM")),
    START("P7\n", CONVERT("a PAM")),
    START("\0\0\x01\0", "an icon (ICO); convert it to PNG"),

    START("FUJIFILMCCD-RAW", NACHET_RAW_FILE("RAF")),
    START("IIRO", NACHET_RAW_FILE("ORF")),
    START("IIRS", NACHET_RAW_FILE("ORF")),
    START("MMOR", NACHET_RAW_FILE("ORF")),
    START("IIU\0", NACHET_RAW_FILE("RW2")),
    START("II\x1a\0\0\0HEAPCCDR", NACHET_RAW_FILE("CRW")),
    START("FOVb", NACHET_RAW_FILE("X3F")),
    START("\0MRM", NACHET_RAW_FILE("MRW")),

    START("ZISRAWFILE", MICROSCOPE("CZI")),
    START("\xda\xce\xbe\x0a", MICROSCOPE("ND2")),
    START("p\0\0\0????*", MICROSCOPE("LIF")),
    START("\x89HDF\r\n\x1a\n", MICROSCOPE("HDF5")),
    AT(128, "DICM", "a DICOM file; export it as TIFF or PNG"),

    START("8BPS", "a Photoshop document (PSD); export it as TIFF"),
    START("gimp xcf", "a GIMP document (XCF); export it as TIFF"),
    START("%PDF-", "a PDF document; export its pictures as TIFF or PNG"),
    START("%!PS", "a PostScript document; export it as TIFF or PNG"),
    START("AT&TFORM", "a DjVu document; export its pictures as TIFF or PNG"),
    START("\xd0\xcf\x11\xe0", "an Office document or a microscope's file (OIB, ZVI); export its "
                              "pictures as TIFF"),
    BEFORE(NACHET_WINDOW_FIRST_READ, "<svg", "an SVG drawing; export it as PNG"),

    START("RIFF????AVI ", VIDEO),
    START("\x1a\x45\xdf\xa3", VIDEO),
    START("PK\x03\x04", "a ZIP archive; unpack it first"),
};

const char *
nachet_picture_foreign(const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < sizeof(foreign_formats) / sizeof(foreign_formats[0]); i++)
	{
		const ForeignFormat *format = &foreign_formats[i];
		size_t at = format->at;

		do
		{
			if (at < length && nachet_picture_starts_with(bytes + at, length - at,
			                                              format->signature, format->length))
				return format->reason;
		} while (++at < format->until);
	}
	return NULL;
}

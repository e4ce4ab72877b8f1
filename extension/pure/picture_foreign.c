/*
 * extension/pure/picture_foreign.c
 *		Formats that are not accepted: named by their signature, with what to do.
 *
 * The reason is read by whoever imports a folder, so it says what the file is in the words of its
 * makers. A row is asked only after all accepted formats.
 */
#include "picture_reader.h"

/* A known, but not accepted format. */
typedef struct ForeignFormat
{
	NachetPictureStatus status;
	const char *reason;
	const char *signature; /* '?' stands for any byte */
	size_t length;
	size_t at;    /* where it stands */
	size_t until; /* if above at, it may stand anywhere up to there */
} ForeignFormat;

#define START(kind, bytes, reason)                                                                 \
	{                                                                                              \
		NACHET_PICTURE_##kind, reason, bytes, sizeof(bytes) - 1, 0, 0                              \
	}
#define AT(kind, offset, bytes, reason)                                                            \
	{                                                                                              \
		NACHET_PICTURE_##kind, reason, bytes, sizeof(bytes) - 1, offset, 0                         \
	}
#define BEFORE(kind, offset, bytes, reason)                                                        \
	{                                                                                              \
		NACHET_PICTURE_##kind, reason, bytes, sizeof(bytes) - 1, 0, offset                         \
	}

#define CONVERT(bytes, what) START(UNSUPPORTED, bytes, what " picture; convert it to JPEG or TIFF")
#define RAW(bytes, what)     START(RAW, bytes, NACHET_RAW_FILE(what))
#define MICROSCOPE(bytes, what)                                                                    \
	START(MICROSCOPE, bytes, "a microscope's file (" what "); export its pictures as TIFF")
#define VIDEO(bytes) START(VIDEO, bytes, "a video; export its frames as PNG or JPEG")

static const ForeignFormat foreign_formats[] = {
    /* ISO/IEC 14496-12: a file's kind is the brand in its first box */
    CONVERT("????ftyphe", "a HEIC"),
    CONVERT("????ftypmif", "a HEIF"),
    CONVERT("????ftypmsf", "a HEIF"),
    CONVERT("????ftypavi", "an AVIF"),
    RAW("????ftypcrx ", "CR3"),
    CONVERT("????ftypjp2 ", "a JPEG 2000"),
    VIDEO("????ftyp"),

    CONVERT("\0\0\0\x0cjP  ", "a JPEG 2000"),
    CONVERT("\xff\x4f\xff\x51", "a JPEG 2000"),
    CONVERT("\0\0\0\x0cJXL ", "a JPEG XL"),
    CONVERT("\xff\x0a", "a JPEG XL"),
    CONVERT("II\xbc", "a JPEG XR"),
    CONVERT("v/1\x01", "an OpenEXR"),
    CONVERT("#?RADIANCE", "a Radiance HDR"),
    CONVERT("SIMPLE  =", "a FITS"),
    CONVERT("qoif", "a QOI"),
    CONVERT("\x8aMNG", "an MNG"),
    CONVERT("\x8bJNG", "a JNG"),
    CONVERT("P1\n", "a PBM"),
    CONVERT("P2\n", "a PGM"),
    CONVERT("P3\n", "a PPM"),
    CONVERT("P4\n", "a PBM"),
    CONVERT("P5\n", "a PGM"),
    CONVERT("P6\n", "a PPM"),
    CONVERT("P7\n", "a PAM"),
    START(UNSUPPORTED, "\0\0\x01\0", "an icon (ICO); convert it to PNG"),

    RAW("FUJIFILMCCD-RAW", "RAF"),
    RAW("IIRO", "ORF"),
    RAW("IIRS", "ORF"),
    RAW("MMOR", "ORF"),
    RAW("IIU\0", "RW2"),
    RAW("II\x1a\0\0\0HEAPCCDR", "CRW"),
    RAW("FOVb", "X3F"),
    RAW("\0MRM", "MRW"),

    MICROSCOPE("ZISRAWFILE", "CZI"),
    MICROSCOPE("\xda\xce\xbe\x0a", "ND2"),
    MICROSCOPE("p\0\0\0????*", "LIF"),
    MICROSCOPE("\x89HDF\r\n\x1a\n", "HDF5"),
    AT(UNSUPPORTED, 128, "DICM", "a DICOM file; export it as TIFF or PNG"),

    START(DOCUMENT, "8BPS", "a Photoshop document (PSD); export it as TIFF"),
    START(DOCUMENT, "gimp xcf", "a GIMP document (XCF); export it as TIFF"),
    START(DOCUMENT, "%PDF-", "a PDF document; export its pictures as TIFF or PNG"),
    START(DOCUMENT, "%!PS", "a PostScript document; export it as TIFF or PNG"),
    START(DOCUMENT, "AT&TFORM", "a DjVu document; export its pictures as TIFF or PNG"),
    START(DOCUMENT, "\xd0\xcf\x11\xe0",
          "an Office document or a microscope's file (OIB, ZVI); export its "
          "pictures as TIFF"),
    BEFORE(DOCUMENT, NACHET_WINDOW_FIRST_READ, "<svg", "an SVG drawing; export it as PNG"),

    VIDEO("RIFF????AVI "),
    VIDEO("\x1a\x45\xdf\xa3"),
    START(ARCHIVE, "PK\x03\x04", "a ZIP archive; unpack it first"),
};

/* The format of a file that starts so; NULL if it is none of those. */
static const ForeignFormat *
find_foreign(const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < sizeof(foreign_formats) / sizeof(foreign_formats[0]); i++)
	{
		const ForeignFormat *format = &foreign_formats[i];
		size_t at = format->at;

		do
		{
			if (at < length && nachet_picture_starts_with(bytes + at, length - at,
			                                              format->signature, format->length))
				return format;
		} while (++at < format->until);
	}
	return NULL;
}

/* The picture's format is NULL again: these bytes are none of the known. */
NachetPictureStatus
nachet_picture_refuse_unknown(NachetReader *reader)
{
	const unsigned char *bytes = nachet_picture_peek(reader, 0, 1, "is empty");
	const ForeignFormat *foreign;

	if (bytes == NULL)
		return reader->status;
	reader->picture->format = NULL;
	foreign = find_foreign(bytes, nachet_picture_window_left(reader, 0));
	if (foreign != NULL)
		return nachet_picture_refuse(reader, foreign->status, foreign->reason);
	return nachet_picture_refuse(reader, NACHET_PICTURE_UNKNOWN,
	                             "not a picture: no known format's signature");
}

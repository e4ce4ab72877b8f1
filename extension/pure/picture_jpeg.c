/*
 * extension/pure/picture_jpeg.c
 *		JPEG: ITU-T T.81 | ISO/IEC 10918-1, Annex B; JFIF and Exif differ in application segments
 *		only.
 *
 * One walk finds every marker. Between segments it passes over bytes that are no marker, which
 * covers both what T.81 allows there (entropy-coded data, restart markers) and the strays that
 * libjpeg passes over with a warning. Segments are hopped over by their lengths, so that a
 * thumbnail's own markers within an APP1 segment are never seen.
 *
 * A picture is what ordinary decoders open: libjpeg (libjpeg-turbo before 3), and with it Pillow,
 * libvips, ImageMagick and everything that would train on it. They refuse hierarchical frames (DHP,
 * SOF5 to 7 and 13 to 15), lossless ones (SOF3, SOF11), samples of other than 8 bits, and a height
 * of 0 that a DNL segment gives later (B.2.5), so these are refused here too. Arithmetic coding
 * they open.
 */
#include "picture_jpeg.h"

#include <string.h>

#define SEGMENT_CUT_OFF "truncated JPEG: a segment is cut off"
#define FRAME_CUT_OFF   "truncated JPEG: the frame header is cut off"
#define NO_END          "truncated JPEG: no end-of-image marker"
#define UNUSUAL(what)   "JPEG: " what ", which ordinary decoders refuse; convert it to TIFF"
#define HIERARCHICAL    UNUSUAL("hierarchical frames")

/*
 * The most pixels that a byte of Huffman codes may hold: no block of 8 x 8 takes less than a bit,
 * be it for its DC coefficient alone (F.1.2.1, G.1.2.1).
 */
#define MOST_PIXELS_OF_BYTE (8 * 64)

/* The components that a scan may have (B.2.3), and those of a frame that libjpeg can look up. */
#define MAX_COMPONENTS 4

/* What is known by the first scan. */
typedef struct Jpeg
{
	unsigned char frame; /* the marker that started it; 0 before */
	unsigned int components;
	unsigned char ids[MAX_COMPONENTS];
	unsigned char tables[MAX_COMPONENTS]; /* the quantization table that each names */
	unsigned int defined;                 /* a bit for each quantization table that was met */
	uint64_t scan_offset;                 /* where the first scan's data starts; 0 before */
} Jpeg;

/*
 * Finds the next marker at or after *offset; *offset is then the byte after it. B.1.1.2: a marker
 * is 0xFF, after any number of fill bytes 0xFF, and a byte that is neither 0 nor 0xFF; B.1.1.5:
 * within entropy-coded data a 0 follows each 0xFF that is data.
 */
static bool
next_marker(NachetReader *reader, uint64_t *offset, unsigned char *marker)
{
	for (;;)
	{
		const unsigned char *bytes = nachet_picture_peek(reader, *offset, 2, NO_END);
		const unsigned char *found;
		size_t left;

		if (bytes == NULL)
			return false;
		left = nachet_picture_window_left(reader, *offset);
		found = memchr(bytes, 0xff, left - 1);
		if (found == NULL)
		{
			*offset += left - 1;
			continue;
		}
		*offset += (uint64_t) (found - bytes);
		if (found[1] == 0xff)
			*offset += 1;
		else
		{
			*offset += 2;
			if (found[1] != 0)
			{
				*marker = found[1];
				return true;
			}
		}
	}
}

/* Markers without a length (Table B.1) that may be between segments. */
static bool
stands_alone(unsigned char marker)
{
	return marker == MARKER_TEM || (marker >= MARKER_RST0 && marker <= MARKER_RST7);
}

static bool
starts_frame(unsigned char marker)
{
	return marker >= MARKER_SOF0 && marker <= MARKER_SOF15 && marker != MARKER_DHT &&
	       marker != MARKER_JPG && marker != MARKER_DAC;
}

/* Frames that ordinary decoders refuse, by name; NULL for others. */
static const char *
strange_frame(unsigned char marker)
{
	/* Table B.1: SOF5 to 7 and SOF13 to 15 are the differential ones. */
	if ((marker & 0x04) != 0)
		return HIERARCHICAL;
	if (marker == MARKER_SOF3 || marker == MARKER_SOF11)
		return UNUSUAL("lossless");
	return NULL;
}

/*
 * B.2.2: length, precision, number of lines, samples per line, number of components, and of each
 * its identifier, sampling factors and quantization table.
 */
static NachetPictureStatus
read_frame_header(NachetReader *reader, uint64_t offset, unsigned char marker, Jpeg *jpeg)
{
	const unsigned char *frame;
	unsigned int components;

	if (jpeg->frame != 0)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: more than one frame header");
	if (strange_frame(marker) != NULL)
		return nachet_picture_refuse(reader, NACHET_PICTURE_VARIANT, strange_frame(marker));
	frame = nachet_picture_peek(reader, offset, 8, FRAME_CUT_OFF);
	if (frame == NULL)
		return reader->status;
	components = frame[7];
	if (components == 0 || nachet_get_16be(frame) != 8 + 3 * components)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: the frame header's length contradicts its components");
	if (frame[2] != 8)
		return nachet_picture_refuse(reader, NACHET_PICTURE_VARIANT,
		                             UNUSUAL("other than 8 bits a sample"));
	if (nachet_get_16be(frame + 3) == 0 && nachet_get_16be(frame + 5) != 0)
	{
		reader->picture->width = nachet_get_16be(frame + 5);
		return nachet_picture_refuse(
		    reader, NACHET_PICTURE_DIMENSIONS,
		    "JPEG: height is 0 (left to a DNL marker, which ordinary decoders refuse)");
	}
	frame = nachet_picture_peek(reader, offset, 8 + 3 * (size_t) components, FRAME_CUT_OFF);
	if (frame == NULL)
		return reader->status;
	jpeg->frame = marker;
	for (; jpeg->components < components && jpeg->components < MAX_COMPONENTS; jpeg->components++)
	{
		jpeg->ids[jpeg->components] = frame[8 + 3 * jpeg->components];
		jpeg->tables[jpeg->components] = frame[8 + 3 * jpeg->components + 2] & 15;
	}
	return nachet_picture_set_size(reader, nachet_get_16be(frame + 5), nachet_get_16be(frame + 3));
}

/* B.2.4.1: tables of 64 values of a byte or two, each after a byte with its size and its number. */
static NachetPictureStatus
read_quantization(NachetReader *reader, uint64_t offset, uint64_t length, Jpeg *jpeg)
{
	for (uint64_t at = 2; at < length;)
	{
		const unsigned char *table = nachet_picture_peek(reader, offset + at, 1, SEGMENT_CUT_OFF);

		if (table == NULL)
			return reader->status;
		at += table[0] >> 4 != 0 ? 129 : 65;
		if (at <= length)
			jpeg->defined |= 1u << (table[0] & 15);
	}
	return NACHET_PICTURE_OK;
}

/*
 * B.2.3: a scan names components of the frame, in its order. As in libjpeg, the i-th of a scan is
 * not one of the frame's first i - 1. Tables may come between scans: only what the first one needs
 * must be there by now.
 */
static NachetPictureStatus
check_scan_components(NachetReader *reader, const unsigned char *names, unsigned int count,
                      const Jpeg *jpeg)
{
	for (unsigned int i = 0; i < count; i++)
	{
		unsigned int at = i;

		while (at < jpeg->components && jpeg->ids[at] != names[2 * i])
			at++;
		if (at >= jpeg->components)
			return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
			                             "JPEG: a scan's components are not those of the frame");
		if ((jpeg->defined >> jpeg->tables[at] & 1) == 0)
			return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
			                             "JPEG: a quantization table is missing");
	}
	return NACHET_PICTURE_OK;
}

/* B.2.3: length, number of components (1 to 4), 2 bytes each, 3 bytes. */
static NachetPictureStatus
read_scan_header(NachetReader *reader, uint64_t offset, uint64_t length, const Jpeg *jpeg)
{
	const unsigned char *scan;

	if (jpeg->frame == 0)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: a scan before the frame header");
	scan = nachet_picture_peek(reader, offset, (size_t) length,
	                           "truncated JPEG: a scan header is cut off");
	if (scan == NULL)
		return reader->status;
	if (length < 3 || scan[2] < 1 || scan[2] > 4 || length != 6 + 2 * (uint64_t) scan[2])
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: a scan header's length contradicts its components");
	return jpeg->scan_offset == 0 ? check_scan_components(reader, scan + 3, scan[2], jpeg)
	                              : NACHET_PICTURE_OK;
}

/*
 * What follows the first scan's header must hold all pixels, whatever they are; arithmetic codes
 * may.
 */
static NachetPictureStatus
check_scan_bytes(NachetReader *reader, const Jpeg *jpeg)
{
	uint64_t pixels = (uint64_t) reader->picture->width * reader->picture->height;
	uint64_t bytes = reader->source->size - jpeg->scan_offset;

	if (jpeg->frame <= MARKER_SOF2 && pixels / MOST_PIXELS_OF_BYTE > bytes)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: too few bytes for its pixels");
	return NACHET_PICTURE_OK;
}

/*
 * Whether the source's last two bytes are EOI, after at least one byte of the scan. That proves the
 * picture whole without a look at its data: entropy-coded data cannot hold the two (B.1.1.5), so
 * only a cut within a table between two scans could pass for an end. Bytes that follow the
 * picture's own EOI (a second picture, say) may end so too, and then it is whole all the more.
 */
static NachetPictureStatus
ends_with_eoi(NachetReader *reader, uint64_t scan_offset, bool *whole)
{
	uint64_t size = reader->source->size;
	unsigned char end[2];

	*whole = false;
	if (size - scan_offset < 3)
		return NACHET_PICTURE_OK;
	/* Not through the window, which is still of use where it is. */
	if (!reader->source->read(reader->source->context, size - 2, end, 2))
		return nachet_picture_refuse(reader, NACHET_PICTURE_READ_FAILED, "could not be read");
	*whole = end[0] == 0xff && end[1] == MARKER_EOI;
	return NACHET_PICTURE_OK;
}

/* Reads the segment whose length stands at *offset, and moves past it. */
static NachetPictureStatus
read_segment(NachetReader *reader, uint64_t *offset, unsigned char marker, Jpeg *jpeg)
{
	const unsigned char *bytes;
	uint64_t length;
	NachetPictureStatus status = NACHET_PICTURE_OK;

	/* Table B.1: 02 to BF are reserved, and nothing says how long they are. */
	if (marker < MARKER_SOF0 || marker == MARKER_SOI)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: a marker is out of place");
	if (marker == MARKER_DHP)
		return nachet_picture_refuse(reader, NACHET_PICTURE_VARIANT, HIERARCHICAL);
	if (marker == MARKER_SOF55)
		return nachet_picture_refuse(reader, NACHET_PICTURE_VARIANT, UNUSUAL("JPEG-LS"));
	bytes = nachet_picture_peek(reader, *offset, 2, SEGMENT_CUT_OFF);
	if (bytes == NULL)
		return reader->status;
	/* B.1.1.4: the length counts its own two bytes. */
	length = nachet_get_16be(bytes);
	if (length < 2)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: a segment's length is below 2");
	if (!nachet_picture_within(reader, *offset, length))
		return nachet_picture_refuse(reader, NACHET_PICTURE_TRUNCATED, SEGMENT_CUT_OFF);

	if (starts_frame(marker))
		status = read_frame_header(reader, *offset, marker, jpeg);
	else if (marker == MARKER_DQT)
		status = read_quantization(reader, *offset, length, jpeg);
	else if (marker == MARKER_SOS)
		status = read_scan_header(reader, *offset, length, jpeg);
	*offset += length;
	return status;
}

/* No end was found: says how little is missing, if it is the end marker alone. */
static NachetPictureStatus
refuse_without_end(NachetReader *reader)
{
	bool whole = false;
	NachetPictureStatus status;

	if (reader->status == NACHET_PICTURE_READ_FAILED)
		return reader->status;
	status = nachet_picture_jpeg_scans_are_whole(reader, &whole);
	if (status != NACHET_PICTURE_OK)
		return status;
	return nachet_picture_refuse(reader, NACHET_PICTURE_TRUNCATED,
	                             whole ? "truncated JPEG: one or two bytes are missing at its end"
	                                   : NO_END);
}

NachetPictureStatus
nachet_picture_jpeg_read(NachetReader *reader)
{
	Jpeg jpeg = {0};
	uint64_t offset = 2;

	for (;;)
	{
		unsigned char marker;
		NachetPictureStatus status;

		if (!next_marker(reader, &offset, &marker))
			return refuse_without_end(reader);
		if (stands_alone(marker))
			continue;
		if (marker == MARKER_EOI)
		{
			if (jpeg.scan_offset != 0 && offset > jpeg.scan_offset + 2)
				return check_scan_bytes(reader, &jpeg);
			return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
			                             "JPEG: it ends without a scan");
		}
		status = read_segment(reader, &offset, marker, &jpeg);
		if (status != NACHET_PICTURE_OK)
			return status;
		if (marker == MARKER_SOS && jpeg.scan_offset == 0)
		{
			bool whole;

			jpeg.scan_offset = offset;
			status = ends_with_eoi(reader, offset, &whole);
			if (status == NACHET_PICTURE_OK && whole)
				return check_scan_bytes(reader, &jpeg);
			if (status != NACHET_PICTURE_OK)
				return status;
		}
	}
}

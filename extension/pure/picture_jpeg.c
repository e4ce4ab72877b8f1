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
 * Left out on purpose: hierarchical frames (DHP, SOF5 to 7 and 13 to 15) and a height of 0 that a
 * DNL segment gives later (B.2.5). libjpeg refuses both, and with it everything that would train on
 * them.
 */
#include "picture_formats.h"

#include <string.h>

#define MARKER_TEM  0x01
#define MARKER_SOF0 0xc0
#define MARKER_DHT  0xc4
#define MARKER_JPG  0xc8
#define MARKER_DAC  0xcc
#define MARKER_RST0 0xd0
#define MARKER_RST7 0xd7
#define MARKER_SOI  0xd8
#define MARKER_EOI  0xd9
#define MARKER_SOS  0xda
#define MARKER_DHP  0xde

#define NO_END "truncated JPEG: no end-of-image marker"

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

/* Markers without a length (Table B.1) that may stand between segments. */
static bool
stands_alone(unsigned char marker)
{
	return marker == MARKER_TEM || (marker >= MARKER_RST0 && marker <= MARKER_RST7);
}

static bool
starts_frame(unsigned char marker)
{
	return marker >= MARKER_SOF0 && marker <= 0xcf && marker != MARKER_DHT &&
	       marker != MARKER_JPG && marker != MARKER_DAC;
}

/*
 * B.2.2: length, precision, number of lines, samples per line, number of components, 3 bytes each.
 */
static NachetPictureStatus
read_frame_header(NachetReader *reader, uint64_t offset, unsigned char marker)
{
	const unsigned char *frame;

	if (reader->picture->width != 0)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: more than one frame header");
	/* Table B.1: SOF5 to 7 and SOF13 to 15 are the differential ones. */
	if ((marker & 0x04) != 0)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: hierarchical frames, which ordinary decoders refuse");
	frame = nachet_picture_peek(reader, offset, 8, "truncated JPEG: the frame header is cut off");
	if (frame == NULL)
		return reader->status;
	if (frame[7] == 0 || nachet_get_16be(frame) != 8 + 3 * frame[7])
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: the frame header's length contradicts its components");
	if (frame[2] < 2 || frame[2] > 16)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: the sample precision is not 2 to 16 bits");
	if (nachet_get_16be(frame + 3) == 0 && nachet_get_16be(frame + 5) != 0)
	{
		reader->picture->width = nachet_get_16be(frame + 5);
		return nachet_picture_refuse(
		    reader, NACHET_PICTURE_DIMENSIONS,
		    "JPEG: height is 0 (left to a DNL marker, which ordinary decoders refuse)");
	}
	return nachet_picture_set_size(reader, nachet_get_16be(frame + 5), nachet_get_16be(frame + 3));
}

/* B.2.3: length, number of components (1 to 4), 2 bytes each, 3 bytes. */
static NachetPictureStatus
read_scan_header(NachetReader *reader, uint64_t offset)
{
	const unsigned char *scan;

	if (reader->picture->width == 0)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: a scan before the frame header");
	scan = nachet_picture_peek(reader, offset, 3, "truncated JPEG: a scan header is cut off");
	if (scan == NULL)
		return reader->status;
	if (scan[2] < 1 || scan[2] > 4 || nachet_get_16be(scan) != 6 + 2 * scan[2])
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: a scan header's length contradicts its components");
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
read_segment(NachetReader *reader, uint64_t *offset, unsigned char marker)
{
	const unsigned char *bytes;
	uint64_t length;
	NachetPictureStatus status = NACHET_PICTURE_OK;

	/* Table B.1: 02 to BF are reserved, and nothing says how long they are. */
	if (marker < MARKER_SOF0 || marker == MARKER_SOI)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: a marker stands where it may not");
	if (marker == MARKER_DHP)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: hierarchical frames, which ordinary decoders refuse");
	bytes = nachet_picture_peek(reader, *offset, 2, "truncated JPEG: a segment is cut off");
	if (bytes == NULL)
		return reader->status;
	/* B.1.1.4: the length counts its own two bytes. */
	length = nachet_get_16be(bytes);
	if (length < 2)
		return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
		                             "JPEG: a segment's length is below 2");
	if (!nachet_picture_within(reader, *offset, length))
		return nachet_picture_refuse(reader, NACHET_PICTURE_TRUNCATED,
		                             "truncated JPEG: a segment is cut off");

	if (starts_frame(marker))
		status = read_frame_header(reader, *offset, marker);
	else if (marker == MARKER_SOS)
		status = read_scan_header(reader, *offset);
	*offset += length;
	return status;
}

NachetPictureStatus
nachet_picture_jpeg_read(NachetReader *reader)
{
	uint64_t offset = 2;
	uint64_t scan_offset = 0; /* where the first scan's data starts, once it has */

	for (;;)
	{
		unsigned char marker;
		NachetPictureStatus status;

		if (!next_marker(reader, &offset, &marker))
			return reader->status;
		if (stands_alone(marker))
			continue;
		if (marker == MARKER_EOI)
		{
			if (scan_offset != 0 && offset > scan_offset + 2)
				return NACHET_PICTURE_OK;
			return nachet_picture_refuse(reader, NACHET_PICTURE_MALFORMED,
			                             "JPEG: it ends without a scan");
		}
		status = read_segment(reader, &offset, marker);
		if (status != NACHET_PICTURE_OK)
			return status;
		if (marker == MARKER_SOS && scan_offset == 0)
		{
			bool whole;

			scan_offset = offset;
			status = ends_with_eoi(reader, offset, &whole);
			if (status != NACHET_PICTURE_OK || whole)
				return status;
		}
	}
}

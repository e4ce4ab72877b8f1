/*
 * extension/pure/picture_jpeg_scan.c
 *		JPEG: whether sequential scans hold all of their blocks, by a walk over their Huffman
 *		codes.
 *
 * Asked only of a file that has no end marker: the codes tell a picture that lacks nothing else
 * from one that was cut. They are read for their lengths; no coefficient is kept (F.2.2). Whatever
 * looks unusual ends the walk with "not whole", which is then true enough: the file is refused in
 * any case.
 */
#include "picture_jpeg.h"

#include <string.h>

#define MAX_COMPONENTS 4
/* A larger file counts as cut without this walk, which would take too long. */
#define MAX_BYTES (UINT64_C(16) * 1024 * 1024)

/*
 * C.2: how many codes there are of each length, and what they stand for, in the order of the codes.
 */
typedef struct HuffmanTable
{
	unsigned char counts[16];
	unsigned char symbols[256];
	bool defined;
} HuffmanTable;

typedef struct Component
{
	unsigned char id;
	unsigned char across; /* sampling factors */
	unsigned char down;
	unsigned char dc; /* tables of the scan at hand */
	unsigned char ac;
	bool scanned;
} Component;

typedef struct Scans
{
	NachetReader *reader;
	uint64_t offset;
	uint32_t bits; /* read, but not used: the lowest bit_count */
	int bit_count;
	HuffmanTable tables[2][4]; /* DC, AC */
	unsigned int width;
	unsigned int height;
	unsigned int restart; /* MCUs from one restart marker to the next; 0 without any */
	int component_count;
	Component components[MAX_COMPONENTS];
} Scans;

/* B.2.4.2: tables, each after a byte with its class and its number. */
static bool
read_tables(Scans *scans, const unsigned char *bytes, size_t length)
{
	while (length >= 17)
	{
		HuffmanTable *table;
		size_t symbols = 0;

		if (bytes[0] >> 4 > 1 || (bytes[0] & 15) > 3)
			return false;
		table = &scans->tables[bytes[0] >> 4][bytes[0] & 15];
		memcpy(table->counts, bytes + 1, 16);
		for (int i = 0; i < 16; i++)
			symbols += table->counts[i];
		if (symbols > 256 || 17 + symbols > length)
			return false;
		memcpy(table->symbols, bytes + 17, symbols);
		table->defined = true;
		bytes += 17 + symbols;
		length -= 17 + symbols;
	}
	return length == 0;
}

static bool
read_frame(Scans *scans, const unsigned char *bytes, size_t length)
{
	if (length < 6 || bytes[5] > MAX_COMPONENTS || length != 6 + 3 * (size_t) bytes[5])
		return false;
	scans->height = nachet_get_16be(bytes + 1);
	scans->width = nachet_get_16be(bytes + 3);
	scans->component_count = bytes[5];
	for (int i = 0; i < scans->component_count; i++)
	{
		Component *component = &scans->components[i];

		component->id = bytes[6 + 3 * i];
		component->across = bytes[7 + 3 * i] >> 4;
		component->down = bytes[7 + 3 * i] & 15;
		if (component->across < 1 || component->across > 4 || component->down < 1 ||
		    component->down > 4)
			return false;
	}
	return true;
}

/* The next bit of the scan, -1 at a marker or at the end. B.1.1.5: a 0 behind FF is stuffing. */
static int
next_bit(Scans *scans)
{
	if (scans->bit_count == 0)
	{
		const unsigned char *bytes;

		if (!nachet_picture_within(scans->reader, scans->offset, 1))
			return -1;
		bytes = nachet_picture_peek(scans->reader, scans->offset, 1, "");
		if (bytes == NULL)
			return -1;
		scans->bits = bytes[0];
		if (scans->bits == 0xff)
		{
			if (!nachet_picture_within(scans->reader, scans->offset, 2))
				return -1;
			bytes = nachet_picture_peek(scans->reader, scans->offset, 2, "");
			if (bytes == NULL || bytes[1] != 0)
				return -1;
			scans->offset++;
		}
		scans->offset++;
		scans->bit_count = 8;
	}
	scans->bit_count--;
	return scans->bits >> scans->bit_count & 1;
}

static bool
skip_bits(Scans *scans, int count)
{
	for (; count > 0; count--)
		if (next_bit(scans) < 0)
			return false;
	return true;
}

/* F.2.2.3, DECODE: the symbol of the next code; -1 if there is none. */
static int
next_symbol(Scans *scans, const HuffmanTable *table)
{
	int code = 0;
	int first = 0; /* the first code of this length, and where its symbol stands */
	int index = 0;

	for (int i = 0; i < 16; i++)
	{
		int bit = next_bit(scans);

		if (bit < 0)
			return -1;
		code = code << 1 | bit;
		if (code - first < table->counts[i])
			return table->symbols[index + code - first];
		index += table->counts[i];
		first = (first + table->counts[i]) << 1;
	}
	return -1;
}

/* F.2.2.1 and F.2.2.2: a block is its DC coefficient, and runs of zeros between the 63 others. */
static bool
skip_block(Scans *scans, const Component *component)
{
	int symbol = next_symbol(scans, &scans->tables[0][component->dc]);

	if (symbol < 0 || symbol > 15 || !skip_bits(scans, symbol))
		return false;
	for (int k = 1; k < 64; k++)
	{
		symbol = next_symbol(scans, &scans->tables[1][component->ac]);
		if (symbol < 0 || !skip_bits(scans, symbol & 15))
			return false;
		if ((symbol & 15) == 0 && symbol >> 4 != 15)
			return true;
		k += symbol >> 4;
	}
	return true;
}

/* B.2.1: a restart marker stands between two intervals, on a byte's boundary. */
static bool
skip_restart(Scans *scans)
{
	const unsigned char *bytes;

	scans->bit_count = 0;
	if (!nachet_picture_within(scans->reader, scans->offset, 2))
		return false;
	bytes = nachet_picture_peek(scans->reader, scans->offset, 2, "");
	if (bytes == NULL || bytes[0] != 0xff || bytes[1] < MARKER_RST0 || bytes[1] > MARKER_RST7)
		return false;
	scans->offset += 2;
	return true;
}

static unsigned int
divide_up(unsigned int a, unsigned int b)
{
	return (a + b - 1) / b;
}

/*
 * The scan's components, count of them, and its blocks. A.2: of one component it is cut by its own
 * size.
 */
static bool
skip_scan(Scans *scans, Component *const *in_scan, int count)
{
	unsigned int most_across = 1;
	unsigned int most_down = 1;
	unsigned int units; /* MCUs */

	for (int i = 0; i < scans->component_count; i++)
	{
		if (scans->components[i].across > most_across)
			most_across = scans->components[i].across;
		if (scans->components[i].down > most_down)
			most_down = scans->components[i].down;
	}
	if (count == 1)
		units = divide_up(divide_up(scans->width * in_scan[0]->across, most_across), 8) *
		        divide_up(divide_up(scans->height * in_scan[0]->down, most_down), 8);
	else
		units = divide_up(scans->width, 8 * most_across) * divide_up(scans->height, 8 * most_down);

	scans->bit_count = 0;
	for (unsigned int unit = 0; unit < units; unit++)
	{
		if (scans->restart != 0 && unit > 0 && unit % scans->restart == 0 && !skip_restart(scans))
			return false;
		for (int i = 0; i < count; i++)
		{
			int blocks = count == 1 ? 1 : in_scan[i]->across * in_scan[i]->down;

			for (; blocks > 0; blocks--)
				if (!skip_block(scans, in_scan[i]))
					return false;
		}
	}
	scans->bit_count = 0;
	return true;
}

/* A scan by its header: each component, the tables that it uses, and the bytes that follow. */
static bool
read_scan(Scans *scans, const unsigned char *bytes, size_t length)
{
	Component *in_scan[MAX_COMPONENTS];
	int count = length > 0 ? bytes[0] : 0;

	if (count < 1 || count > MAX_COMPONENTS || length < 1 + 2 * (size_t) count)
		return false;
	for (int i = 0; i < count; i++)
	{
		int at = 0;

		while (at < scans->component_count && scans->components[at].id != bytes[1 + 2 * i])
			at++;
		if (at >= scans->component_count || (bytes[2 + 2 * i] & 0xcc) != 0)
			return false;
		in_scan[i] = &scans->components[at];
		in_scan[i]->dc = bytes[2 + 2 * i] >> 4;
		in_scan[i]->ac = bytes[2 + 2 * i] & 15;
		in_scan[i]->scanned = true;
		if (!scans->tables[0][in_scan[i]->dc].defined || !scans->tables[1][in_scan[i]->ac].defined)
			return false;
	}
	return skip_scan(scans, in_scan, count);
}

/* The segment at the offset, behind a marker; a scan's data is passed over with it. */
static bool
read_segment(Scans *scans, unsigned char marker)
{
	const unsigned char *bytes;
	size_t length;

	if (marker < MARKER_SOF0 || !nachet_picture_within(scans->reader, scans->offset, 2))
		return false;
	bytes = nachet_picture_peek(scans->reader, scans->offset, 2, "");
	if (bytes == NULL)
		return false;
	length = nachet_get_16be(bytes);
	if (length < 2 || !nachet_picture_within(scans->reader, scans->offset, length))
		return false;
	scans->offset += length;
	if (marker != MARKER_DHT && marker != MARKER_SOS && marker != MARKER_DRI &&
	    (marker < MARKER_SOF0 || marker > MARKER_SOF15))
		return true;
	if (length > NACHET_WINDOW_BYTES)
		return false;
	bytes = nachet_picture_peek(scans->reader, scans->offset - length, length, "");
	if (bytes == NULL)
		return false;
	switch (marker)
	{
		case MARKER_DHT:
			return read_tables(scans, bytes + 2, length - 2);
		case MARKER_SOS:
			return read_scan(scans, bytes + 2, length - 2);
		case MARKER_DRI:
			scans->restart = length >= 4 ? nachet_get_16be(bytes + 2) : 0;
			return true;
		default:
			/* Progressive frames, and arithmetic codes, are not followed. */
			return marker <= MARKER_SOF1 && read_frame(scans, bytes + 2, length - 2);
	}
}

static bool
all_scanned(const Scans *scans)
{
	for (int i = 0; i < scans->component_count; i++)
		if (!scans->components[i].scanned)
			return false;
	return scans->component_count > 0;
}

/*
 * Walks from segment to segment up to the source's end, or to a marker of which only one byte is
 * there.
 */
static bool
walk(Scans *scans)
{
	for (;;)
	{
		const unsigned char *bytes;

		if (!nachet_picture_within(scans->reader, scans->offset, 2))
			break;
		bytes = nachet_picture_peek(scans->reader, scans->offset, 2, "");
		if (bytes == NULL || bytes[0] != 0xff)
			return false;
		/* B.1.1.2: fill bytes */
		scans->offset += bytes[1] == 0xff ? 1 : 2;
		if (bytes[1] != 0xff && !read_segment(scans, bytes[1]))
			return false;
	}
	if (!all_scanned(scans))
		return false;
	if (nachet_picture_within(scans->reader, scans->offset, 1))
	{
		const unsigned char *last = nachet_picture_peek(scans->reader, scans->offset, 1, "");

		return last != NULL && last[0] == 0xff;
	}
	return true;
}

NachetPictureStatus
nachet_picture_jpeg_scans_are_whole(NachetReader *reader, bool *whole)
{
	Scans scans = {.reader = reader, .offset = 2};

	*whole = reader->source->size <= MAX_BYTES && walk(&scans);
	return reader->status == NACHET_PICTURE_READ_FAILED ? reader->status : NACHET_PICTURE_OK;
}

/*
 * test/pure/picture_header_test.c
 *		True files of every format, by independent encoders: read whole, cut short, unreadable,
 *		changed.
 *
 * pictures/pictures.tsv says what to expect of each; make-pictures.sh says how each was made.
 */
#include "probe.h"
#include "tap.h"

typedef struct Fixture
{
	char name[64];
	char format[8];
	unsigned int width;
	unsigned int height;
	size_t trailing; /* bytes after the picture's end */
	char whole[64];  /* "-", or lengths at which it lacks only what readers leave alone */
	unsigned char *bytes;
	size_t size;
} Fixture;

static unsigned long truncations_tried;
static unsigned long failures_tried;
static unsigned long mutations_tried;
static unsigned long mutations_accepted;

static void
load(Fixture *fixture, const char *folder)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/pictures/%s", folder, fixture->name);
	file = fopen(path, "rb");
	if (file == NULL)
	{
		printf("Bail out! no picture %s\n", fixture->name);
		exit(1);
	}
	fseek(file, 0, SEEK_END);
	fixture->size = (size_t) ftell(file);
	rewind(file);
	fixture->bytes = malloc(fixture->size);
	if (fread(fixture->bytes, 1, fixture->size, file) != fixture->size)
		exit(1);
	fclose(file);
}

static bool
as_expected(const Fixture *fixture, NachetPictureStatus status, const NachetPicture *picture)
{
	return status == NACHET_PICTURE_OK && picture->format != NULL &&
	       strcmp(picture->format, fixture->format) == 0 && picture->width == fixture->width &&
	       picture->height == fixture->height && picture->reason == NULL;
}

static void
test_whole(const Fixture *fixture)
{
	Probe probe;
	NachetPicture picture;
	NachetPictureStatus status =
	    probe_picture(&probe, fixture->bytes, fixture->size, PROBE_NEVER, &picture);

	if (!ok(as_expected(fixture, status, &picture), "%s is a %s of %u x %u", fixture->name,
	        fixture->format, fixture->width, fixture->height))
		diag("got: %s %s %ux%u %s", status_name(status), picture.format ? picture.format : "-",
		     picture.width, picture.height, picture.reason ? picture.reason : "");
	ok(probe.reads <= 12, "%s: %llu reads are few", fixture->name,
	   (unsigned long long) probe.reads);
	status = nachet_picture_header_read_buffer(fixture->bytes, fixture->size, &picture);
	ok(as_expected(fixture, status, &picture), "%s: the same from a buffer", fixture->name);
}

static bool
is_listed(const Fixture *fixture, size_t length)
{
	const char *at = fixture->whole;
	char *end;

	for (;; at = end + 1)
	{
		if (strtoul(at, &end, 10) == length && end > at)
			return true;
		if (*end != ',')
			return false;
	}
}

/* JPEGs whose scans are followed to their ends: sequential ones, in Huffman codes. */
static bool
is_followed(const Fixture *fixture)
{
	static const char *const names[] = {"edited-exif-thumbnail.jpg",
	                                    "edited-second-after.jpg",
	                                    "edited-text-after.jpg",
	                                    "edited-zeros-after.jpg",
	                                    "ffmpeg.jpg",
	                                    "gm-comment.jpg",
	                                    "im-cmyk.jpg",
	                                    "libjpeg-444.jpg",
	                                    "libjpeg-baseline.jpg",
	                                    "libjpeg-grey.jpg",
	                                    "libjpeg-restarts.jpg",
	                                    "libjpeg-scans.jpg",
	                                    "wide.jpg"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(fixture->name, names[i]) == 0)
			return true;
	return false;
}

/* If the end marker alone is missing, or its second byte, the reason says so; else never. */
static void
test_missing_end(const Fixture *fixture)
{
	size_t whole = fixture->size - fixture->trailing;
	int wrong = 0;

	for (size_t length = 1; length < whole; length++)
	{
		NachetPicture picture;
		bool says;

		nachet_picture_header_read_buffer(fixture->bytes, length, &picture);
		says = picture.reason != NULL && strstr(picture.reason, "one or two bytes") != NULL;
		wrong += says != (is_followed(fixture) && length >= whole - 2);
	}
	ok(wrong == 0, "%s says when only its end marker is missing", fixture->name);
}

/* A picture cut at any byte of its own is refused; one cut after its end is whole. */
static void
test_truncations(const Fixture *fixture)
{
	size_t whole = fixture->size - fixture->trailing;
	int wrong = 0;

	for (size_t length = 0; length < fixture->size; length++)
	{
		/* A copy of the exact length: ASan sees a step beyond it. */
		unsigned char *copy = malloc(length + (length == 0));
		Probe probe;
		NachetPicture picture;
		NachetPictureStatus status;
		bool right;

		memcpy(copy, fixture->bytes, length);
		status = probe_picture(&probe, copy, length, PROBE_NEVER, &picture);
		if (length >= whole || is_listed(fixture, length))
			right = as_expected(fixture, status, &picture);
		else if (length == 0)
			right = status == NACHET_PICTURE_EMPTY;
		else if (status == NACHET_PICTURE_UNKNOWN)
			right = length < 18;
		else
			right = status == NACHET_PICTURE_TRUNCATED;
		right = right && (status == NACHET_PICTURE_OK) == (picture.reason == NULL);
		if (!right && wrong++ < 5)
			diag("%zu of %zu bytes: %s %s", length, fixture->size, status_name(status),
			     picture.reason ? picture.reason : "");
		truncations_tried++;
		free(copy);
	}
	ok(wrong == 0, "%s is refused when cut at any of %zu bytes", fixture->name, whole);
}

/*
 * A medium that fails at any read is told apart from a bad picture, and is left alone after that.
 */
static void
test_read_failures(const Fixture *fixture)
{
	Probe probe;
	NachetPicture picture;
	uint64_t reads;
	int wrong = 0;

	probe_picture(&probe, fixture->bytes, fixture->size, PROBE_NEVER, &picture);
	reads = probe.reads;
	for (uint64_t failing = 0; failing < reads; failing++)
	{
		NachetPictureStatus status =
		    probe_picture(&probe, fixture->bytes, fixture->size, failing, &picture);

		wrong += status != NACHET_PICTURE_READ_FAILED || picture.reason == NULL ||
		         probe.reads_after_failure != 0;
		failures_tried++;
	}
	ok(wrong == 0, "%s: each of %llu reads may fail", fixture->name, (unsigned long long) reads);
}

/* One byte changed: any answer will do, but it comes, within bounds, after a bounded time. */
static void
test_mutations(const Fixture *fixture)
{
	unsigned char *copy = malloc(fixture->size);
	uint64_t most_reads = 0;
	int wrong = 0;

	memcpy(copy, fixture->bytes, fixture->size);
	for (size_t at = 0; at < fixture->size; at++)
	{
		unsigned char byte = fixture->bytes[at];
		unsigned char other[] = {0x00,     0x01,        0x7f,     0x80,    0xff,
		                         byte ^ 1, byte ^ 0x80, byte + 1, byte - 1};

		for (size_t i = 0; i < sizeof(other); i++)
		{
			Probe probe;
			NachetPicture picture;
			NachetPictureStatus status;

			copy[at] = other[i];
			status = probe_picture(&probe, copy, fixture->size, PROBE_NEVER, &picture);
			if (probe.reads > most_reads)
				most_reads = probe.reads;
			wrong += status > NACHET_PICTURE_DIMENSIONS;
			wrong += (status == NACHET_PICTURE_OK) != (picture.reason == NULL);
			wrong += status == NACHET_PICTURE_OK &&
			         (picture.width == 0 || picture.height == 0 || picture.format == NULL);
			mutations_tried++;
			mutations_accepted += status == NACHET_PICTURE_OK;
		}
		copy[at] = byte;
	}
	free(copy);
	ok(wrong == 0, "%s: any byte may be changed", fixture->name);
	if (!ok(most_reads <= 16 + fixture->size / 16, "%s: and the reads stay few", fixture->name))
		diag("%llu reads of %zu bytes", (unsigned long long) most_reads, fixture->size);
}

/* The same without its end marker, so that its scans are followed. */
static void
test_without_end(const Fixture *fixture)
{
	Fixture cut = *fixture;

	cut.size = fixture->size - fixture->trailing - 2;
	snprintf(cut.name, sizeof(cut.name), "%.40s, less its end", fixture->name);
	test_read_failures(&cut);
	test_mutations(&cut);
}

int
main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : "test/pure";
	char path[4096];
	char line[256];
	char unseen[] = NACHET_PICTURE_FORMATS;
	int unlisted = 0;
	int fixtures = 0;
	FILE *table;

	snprintf(path, sizeof(path), "%s/pictures/pictures.tsv", folder);
	table = fopen(path, "r");
	while (table != NULL && fgets(line, sizeof(line), table) != NULL)
	{
		Fixture fixture;

		if (line[0] == '#')
			continue;
		if (sscanf(line, "%63s %7s %u %u %zu %63s", fixture.name, fixture.format, &fixture.width,
		           &fixture.height, &fixture.trailing, fixture.whole) != 6)
		{
			ok(false, "a row of pictures.tsv can be read: %s", line);
			continue;
		}
		unlisted += strstr(NACHET_PICTURE_FORMATS, fixture.format) == NULL;
		if (strstr(unseen, fixture.format) != NULL)
			memset(strstr(unseen, fixture.format), ' ', strlen(fixture.format));
		load(&fixture, folder);
		test_whole(&fixture);
		test_truncations(&fixture);
		/* with fill bytes before its end marker, more may be missing */
		if (strcmp(fixture.format, "JPEG") == 0 &&
		    strcmp(fixture.name, "edited-fill-bytes.jpg") != 0)
			test_missing_end(&fixture);
		test_read_failures(&fixture);
		test_mutations(&fixture);
		if (is_followed(&fixture) && fixture.trailing == 0)
			test_without_end(&fixture);
		free(fixture.bytes);
		fixtures++;
	}
	if (table != NULL)
		fclose(table);
	ok(unlisted == 0, "the list of formats for people has the format of every picture");
	ok(strspn(unseen, " ,and") == strlen(unseen), "it has no other: %s", unseen);
	ok(fixtures >= 80, "%d pictures were tried", fixtures);
	diag("%lu truncations, %lu failing reads, %lu changed bytes (%lu still whole)",
	     truncations_tried, failures_tried, mutations_tried, mutations_accepted);
	return tap_done();
}

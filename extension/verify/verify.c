/*
 * extension/verify/verify.c
 *		Stored contents read again and held against their SHA-256.
 *
 * Three indexes are walked side by side: those of content, of content_chunk and of the pictures, by
 * the content's id. An id that any of them has is looked at, so that a row that got lost on one
 * side is missed by the others. One snapshot serves the whole call: what is being imported or swept
 * meanwhile is seen whole or not at all. Bytes that have moved to the object store are not fetched:
 * reading them checks them.
 *
 * Reading damaged pages raises errors. So everything runs in a subtransaction; one that fails by
 * damage is a finding, and another begins behind the content that it was at. An index that cannot
 * be read on from somewhere is noted as blind, and each further content is looked up in it on its
 * own, until one is found.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "contents/chunk_reader.h"
#include "contents/content.h"
#include "damage.h"
#include "hash.h"
#include "offload/read.h"
#include "pure/png_crcs.h"
#include "schema.h"
#include "settings.h"
#include "sql.h"
#include "verify/verify.h"
#include "verify/walk.h"

PG_FUNCTION_INFO_V1(verify_contents);

/* The kinds of damage, as doc/operations.md lists them. */
#define FLAW_UNREADABLE  "unreadable"
#define FLAW_NO_CONTENT  "content missing"
#define FLAW_MISSING     "chunks missing"
#define FLAW_SPARE       "chunks spare"
#define FLAW_SIZE        "chunk size wrong"
#define FLAW_BYTES       "bytes differ"
#define FLAW_DESCRIPTION "description differs"
#define FLAW_OBJECT      "object differs"

/* What a content costs beside its bytes, in bytes: three looks into indexes. */
#define CONTENT_COST 8192

/* What the chunks of a content turned out to be. */
typedef struct Chunks
{
	int64 expected; /* how many there should be */
	int64 next;     /* the number that should come next */
	int64 found;
	int64 missing;
	int64 first_missing;
	int64 spare;
	int64 first_spare;
	int64 misshapen;
	int64 first_misshapen;
	uint8 sha256[NACHET_SHA256_BYTES];
} Chunks;

/* A call of nachet_verify under way. */
typedef struct Scrub
{
	NachetVerify *verify;
	Tuplestorestate *findings;
	TupleDesc shape;
	Snapshot snapshot;
	pg_cryptohash_ctx *hash;
	NachetPngCrcs png_crcs;
	MemoryContext scans; /* reset with each subtransaction */
	MemoryContext item;  /* reset with each content */
	NachetWalk contents;
	NachetWalk chunks;
	NachetWalk pictures;
	NachetChunkReader *reader;
	NachetWalk *moving; /* the walk that moves between contents */
	bool checking;      /* whether verify->next is the content that is being looked at */
	bool flawed;        /* whether anything has been found at it */
	const char *damage; /* why it could not be read */
	bool found;         /* whether it has a row, which is: */
	NachetContent content;
} Scrub;

/* --- findings --------------------------------------------------------------------------------- */

/* The ids of the pictures that refer to a content, as uuid[]. */
static Datum
pictures_of(Scrub *scrub, int64 content_id)
{
	NachetWalk walk;
	ArrayBuildState *ids = initArrayResult(UUIDOID, scrub->item, false);

	nachet_walk_open(&walk, "picture", "picture_content_id_idx", 1, scrub->snapshot);
	for (nachet_walk_to(&walk, content_id); !walk.ended && walk.id == content_id;
	     nachet_walk_step(&walk))
	{
		CHECK_FOR_INTERRUPTS();
		if (nachet_walk_row(&walk, NACHET_PICTURE_CONTENT_ID, 0))
		{
			bool isnull;
			Datum id = nachet_index_scan_column(&walk.scan, NACHET_PICTURE_ID, &isnull);

			(void) accumArrayResult(ids, id, isnull, UUIDOID, scrub->item);
		}
	}
	nachet_walk_close(&walk);
	return makeArrayResult(ids, scrub->item);
}

static int
count_of(Datum pictures)
{
	return ArrayGetNItems(ARR_NDIM(DatumGetArrayTypeP(pictures)),
	                      ARR_DIMS(DatumGetArrayTypeP(pictures)));
}

/* A finding about the content being looked at; pictures may be 0 if they could not be read. */
static void
put_finding(Scrub *scrub, const char *flaw, const char *detail, Datum pictures)
{
	Datum values[NACHET_FINDING_COLUMNS] = {
	    Int64GetDatum(scrub->verify->next), nachet_content_sha256(scrub->content.sha256),
	    CStringGetTextDatum(flaw), CStringGetTextDatum(detail), pictures};
	bool nulls[NACHET_FINDING_COLUMNS] = {!scrub->checking, scrub->content.id == 0, false, false,
	                                      pictures == (Datum) 0};

	tuplestore_putvalues(scrub->findings, scrub->shape, values, nulls);
	scrub->verify->findings++;
}

static void
add_finding(Scrub *scrub, const char *flaw, const char *detail)
{
	put_finding(scrub, flaw, detail, pictures_of(scrub, scrub->verify->next));
	scrub->flawed = true;
}

/* --- one content ------------------------------------------------------------------------------ */

/* Readies a walk for a content: one that could not move on before is sent there on its own. */
static void
approach(NachetWalk *walk, int64 id)
{
	if (walk->blind)
		nachet_walk_to(walk, id);
	walk->blind = false;
}

/*
 * Whether a chunk size is one that some page size makes, up to this server's: what
 * NACHET_CHUNK_SIZE is here, or was where the content came from.
 */
static bool
is_chunk_size(int32 size)
{
	for (int32 page = BLCKSZ; page >= 1024; page /= 2)
		if (size == page - (BLCKSZ - NACHET_CHUNK_SIZE))
			return true;
	return false;
}

/* Reads the row in a slot. */
static void
read_content(Scrub *scrub, TupleTableSlot *slot)
{
	NachetContent *content = &scrub->content;

	nachet_content_of_slot(slot, content);
	if (!is_chunk_size(content->chunk_size) ||
	    content->byte_size / content->chunk_size > PG_INT32_MAX)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_CORRUPTED),
		         errmsg("content " INT64_FORMAT " has " INT64_FORMAT " bytes in chunks of %d",
		                content->id, content->byte_size, content->chunk_size)));
	scrub->found = true;
}

static void
find_content(Scrub *scrub)
{
	NachetWalk *walk = &scrub->contents;
	int64 id = scrub->verify->next;

	approach(walk, id);
	for (; !walk->ended && walk->id == id; nachet_walk_step(walk))
		if (nachet_walk_row(walk, NACHET_CONTENT_ID, 0))
			read_content(scrub, walk->scan.slot);
}

static void
note(int64 *count, int64 *first, int64 number, int64 more)
{
	if (*count == 0)
		*first = number;
	*count += more;
}

/* Judges the chunk in the walk's slot, and hashes it. */
static void
take_chunk(Scrub *scrub, Chunks *chunks)
{
	const NachetContent *content = &scrub->content;
	int64 number = scrub->chunks.number;
	bool isnull;
	bytea *data;

	chunks->found++;
	if (number < chunks->next || number >= chunks->expected)
	{
		note(&chunks->spare, &chunks->first_spare, number, 1);
		return;
	}
	if (number > chunks->next)
		note(&chunks->missing, &chunks->first_missing, chunks->next, number - chunks->next);
	chunks->next = number + 1;
	data =
	    DatumGetByteaPP(nachet_index_scan_column(&scrub->chunks.scan, NACHET_CHUNK_DATA, &isnull));
	if (VARSIZE_ANY_EXHDR(data) !=
	    Min((int64) content->chunk_size, content->byte_size - number * content->chunk_size))
		note(&chunks->misshapen, &chunks->first_misshapen, number, 1);
	else
	{
		nachet_hash_add(scrub->hash, VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
		nachet_png_crcs_add(&scrub->png_crcs, VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
	}
}

static void
read_chunks(Scrub *scrub, Chunks *chunks)
{
	NachetWalk *walk = &scrub->chunks;
	int64 id = scrub->verify->next;
	const NachetContent *content = &scrub->content;

	approach(walk, id);
	if (scrub->found && content->object_url == NULL)
		chunks->expected = (content->byte_size - 1) / content->chunk_size + 1;
	nachet_hash_begin(scrub->hash);
	nachet_png_crcs_init(&scrub->png_crcs);
	for (; !walk->ended && walk->id == id; nachet_walk_step(walk))
	{
		CHECK_FOR_INTERRUPTS();
		if (nachet_walk_row(walk, NACHET_CHUNK_CONTENT_ID, NACHET_CHUNK_NO))
			take_chunk(scrub, chunks);
	}
	if (chunks->next < chunks->expected)
		note(&chunks->missing, &chunks->first_missing, chunks->next,
		     chunks->expected - chunks->next);
	nachet_hash_end(scrub->hash, chunks->sha256, NACHET_SHA256_BYTES);
}

static void
judge_chunks(Scrub *scrub, const Chunks *chunks)
{
	if (chunks->missing > 0)
		add_finding(scrub, FLAW_MISSING,
		            psprintf(INT64_FORMAT " of " INT64_FORMAT
		                                  " chunks are missing, the first is chunk " INT64_FORMAT,
		                     chunks->missing, chunks->expected, chunks->first_missing));
	if (chunks->spare > 0)
		add_finding(scrub, FLAW_SPARE,
		            psprintf(INT64_FORMAT " chunks in addition to the expected " INT64_FORMAT
		                                  ", the first is chunk " INT64_FORMAT,
		                     chunks->spare, chunks->expected, chunks->first_spare));
	if (chunks->misshapen > 0)
		add_finding(scrub, FLAW_SIZE,
		            psprintf(INT64_FORMAT
		                     " chunks have the wrong size, the first is chunk " INT64_FORMAT,
		                     chunks->misshapen, chunks->first_misshapen));
}

/* Whether the row says of the bytes, which are right, what they are. */
static void
judge_description(Scrub *scrub)
{
	const NachetContent *content = &scrub->content;
	NachetPicture picture;
	bool is_picture;

	nachet_chunk_reader_select(scrub->reader, content);
	is_picture = nachet_chunk_reader_picture(scrub->reader, nachet_png_crcs_right(&scrub->png_crcs),
	                                         &picture) == NACHET_PICTURE_OK;
	if (!is_picture && content->format != NULL)
		add_finding(scrub, FLAW_DESCRIPTION,
		            psprintf("recorded as %s, but not an acceptable picture: %s", content->format,
		                     picture.reason));
	else if (is_picture && content->format == NULL &&
	         count_of(pictures_of(scrub, scrub->verify->next)) == 0)
		return; /* An earlier version refused it; an import of it is judged by today's rules. */
	else if (is_picture &&
	         (content->format == NULL || strcmp(content->format, picture.format) != 0 ||
	          content->width != (int32) picture.width || content->height != (int32) picture.height))
		add_finding(scrub, FLAW_DESCRIPTION,
		            psprintf("recorded as %s of %d x %d, but is %s of %u x %u",
		                     content->format != NULL ? content->format : "no picture",
		                     content->width, content->height, picture.format, picture.width,
		                     picture.height));
}

/*
 * Asks the object store after a content that has moved there, as far as nachet.verify_objects goes.
 */
static void
judge_object(Scrub *scrub)
{
	const NachetContent *content = &scrub->content;
	char *wrong;

	if (nachet_verify_objects == NACHET_VERIFY_OBJECTS_NOT)
		return;
	wrong = nachet_object_check(content, nachet_verify_objects == NACHET_VERIFY_OBJECTS_READ);
	if (wrong != NULL)
		add_finding(scrub, FLAW_OBJECT, psprintf("\"%s\": %s", content->object_url, wrong));
	if (nachet_verify_objects == NACHET_VERIFY_OBJECTS_READ)
		scrub->verify->bytes += content->byte_size;
}

/* Looks at the content verify->next, from all sides. */
static void
check_content(Scrub *scrub)
{
	Chunks chunks = {0};

	find_content(scrub);
	read_chunks(scrub, &chunks);
	if (scrub->found)
	{
		judge_chunks(scrub, &chunks);
		if (scrub->content.object_url != NULL)
			judge_object(scrub);
		else if (!scrub->flawed)
		{
			if (memcmp(chunks.sha256, scrub->content.sha256, NACHET_SHA256_BYTES) != 0)
				add_finding(scrub, FLAW_BYTES, "its bytes do not match its SHA-256");
			else
				judge_description(scrub);
		}
		scrub->verify->contents++;
		if (scrub->content.object_url == NULL)
			scrub->verify->bytes += scrub->content.byte_size;
	}
	else
	{
		Datum pictures = pictures_of(scrub, scrub->verify->next);

		if (chunks.found > 0 || count_of(pictures) > 0)
			put_finding(scrub, FLAW_NO_CONTENT,
			            psprintf("%d pictures and " INT64_FORMAT
			                     " chunks refer to a content that does not exist",
			                     count_of(pictures), chunks.found),
			            pictures);
	}
}

/* --- one content after the other -------------------------------------------------------------- */

/* Moves a walk between contents: to the first entry of verify->next or behind it. */
static void
move(Scrub *scrub, NachetWalk *walk, bool afresh)
{
	if (walk->blind)
		return;
	scrub->moving = walk;
	if (afresh)
		nachet_walk_to(walk, scrub->verify->next);
	for (; !walk->ended && walk->id < scrub->verify->next; nachet_walk_step(walk))
		CHECK_FOR_INTERRUPTS();
	scrub->moving = NULL;
}

/* The lowest content id that a walk is at; false if there is none up to the last. */
static bool
next_content(Scrub *scrub)
{
	const NachetWalk *walks[] = {&scrub->contents, &scrub->chunks, &scrub->pictures};
	bool found = false;
	int64 lowest = 0;

	for (int i = 0; i < lengthof(walks); i++)
		if (!walks[i]->blind && !walks[i]->ended && (!found || walks[i]->id < lowest))
		{
			lowest = walks[i]->id;
			found = true;
		}
	if (!found || lowest > scrub->verify->last)
		return false;
	scrub->verify->next = lowest;
	return true;
}

/* Steps behind the content verify->next. False if that was the last there can be. */
static bool
leave_content(Scrub *scrub)
{
	scrub->checking = false;
	scrub->flawed = false;
	scrub->found = false;
	memset(&scrub->content, 0, sizeof(NachetContent));
	MemoryContextReset(scrub->item);
	if (scrub->verify->next >= scrub->verify->last)
		return false;
	scrub->verify->next++;
	return true;
}

static void
open_scans(Scrub *scrub)
{
	MemoryContext caller;

	MemoryContextReset(scrub->scans);
	caller = MemoryContextSwitchTo(scrub->scans);
	nachet_walk_open(&scrub->contents, "content", "content_pkey", 1, scrub->snapshot);
	nachet_walk_open(&scrub->chunks, "content_chunk", "content_chunk_pkey", 2, scrub->snapshot);
	nachet_walk_open(&scrub->pictures, "picture", "picture_content_id_idx", 1, scrub->snapshot);
	scrub->reader = nachet_chunk_reader_open(scrub->snapshot);
	MemoryContextSwitchTo(caller);
}

static void
close_scans(Scrub *scrub)
{
	nachet_chunk_reader_close(scrub->reader);
	nachet_walk_close(&scrub->pictures);
	nachet_walk_close(&scrub->chunks);
	nachet_walk_close(&scrub->contents);
}

/* Verifies until the end, or the limit, or an error. */
static void
verify_stretch(void *argument)
{
	Scrub *scrub = argument;
	NachetVerify *verify = scrub->verify;
	bool afresh = true;

	open_scans(scrub);
	MemoryContextSwitchTo(scrub->item);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		move(scrub, &scrub->contents, afresh);
		move(scrub, &scrub->chunks, afresh);
		move(scrub, &scrub->pictures, afresh);
		afresh = false;
		if (verify->bytes + verify->contents * CONTENT_COST >= verify->limit)
			break;
		if (!next_content(scrub))
		{
			verify->complete = true;
			break;
		}
		scrub->checking = true;
		check_content(scrub);
		if (!leave_content(scrub))
		{
			verify->complete = true;
			break;
		}
	}
	close_scans(scrub);
}

/* Looks for the pictures of a content that could not be read. */
static void
report_unreadable(void *argument)
{
	Scrub *scrub = argument;

	put_finding(scrub, FLAW_UNREADABLE, scrub->damage, pictures_of(scrub, scrub->verify->next));
}

/* After a stretch that failed: reports it, and prepares the next. */
static void
step_over(Scrub *scrub, const char *message)
{
	if (scrub->moving != NULL)
	{
		scrub->moving->blind = true;
		scrub->moving = NULL;
		put_finding(scrub, FLAW_UNREADABLE,
		            psprintf("an index, from content " INT64_FORMAT " on: %s", scrub->verify->next,
		                     message),
		            (Datum) 0);
	}
	else if (scrub->checking)
	{
		scrub->damage = message;
		if (nachet_damage_guard(report_unreadable, scrub) != NULL)
			put_finding(scrub, FLAW_UNREADABLE, message, (Datum) 0);
		scrub->verify->complete = !leave_content(scrub);
	}
	else
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
		                errmsg("contents cannot be verified: %s", message)));
}

void
nachet_verify(NachetVerify *verify, Tuplestorestate *findings, TupleDesc shape)
{
	MemoryContext caller = CurrentMemoryContext;
	Scrub scrub = {.verify = verify, .findings = findings, .shape = shape};

	scrub.scans = AllocSetContextCreate(caller, "nachet verify scans", ALLOCSET_DEFAULT_SIZES);
	scrub.item = AllocSetContextCreate(caller, "nachet verify item", ALLOCSET_DEFAULT_SIZES);
	scrub.snapshot = RegisterSnapshot(GetActiveSnapshot());
	scrub.hash = pg_cryptohash_create(PG_SHA256);
	verify->complete = verify->next > verify->last;
	MemoryContextSwitchTo(scrub.item);
	while (!verify->complete)
	{
		const char *message = nachet_damage_guard(verify_stretch, &scrub);

		if (message == NULL)
			break;
		step_over(&scrub, message);
		MemoryContextReset(scrub.item);
	}
	MemoryContextSwitchTo(caller);
	pg_cryptohash_free(scrub.hash);
	UnregisterSnapshot(scrub.snapshot);
	MemoryContextDelete(scrub.scans);
	MemoryContextDelete(scrub.item);
}

/*
 * verify_contents(first_id bigint, last_id bigint) returns setof (content_id bigint, sha256 bytea,
 * flaw text, detail text, picture_ids uuid[]): what is wrong with the contents of these ids; NULL
 * is no bound.
 */
Datum
verify_contents(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	NachetVerify verify = {
	    .next = PG_ARGISNULL(0) ? PG_INT64_MIN : PG_GETARG_INT64(0),
	    .last = PG_ARGISNULL(1) ? PG_INT64_MAX : PG_GETARG_INT64(1),
	    .limit = PG_INT64_MAX,
	};

	nachet_sql_materialize(fcinfo, NACHET_FINDING_COLUMNS);
	nachet_verify(&verify, rsinfo->setResult, rsinfo->setDesc);
	return (Datum) 0;
}

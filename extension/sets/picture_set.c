/*
 * extension/sets/picture_set.c
 *		Sets of pictures, whole or not at all.
 *
 * The order that makes an upload correct: if the set is there already, its pictures hold its
 * contents, and no more is to be done. Else the contents are locked FOR KEY SHARE first, so that no
 * sweep takes them before the pictures refer to them; then the set's row is written under its
 * digest, where a unique index makes a second, same upload wait and then find the first; then the
 * pictures, in one statement. Nothing is seen by others before the caller's transaction commits,
 * and that commit is made to reach the disk: an answer that a client has had is never taken back.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/uuid.h"

#include "contents/content.h"
#include "contents/store.h"
#include "contents/sweep.h"
#include "errcodes.h"
#include "hash.h"
#include "pure/names.h"
#include "pure/picture_header.h"
#include "sets/flaws.h"
#include "sets/picture_set.h"
#include "sets/set_contents.h"
#include "sets/set_data.h"
#include "sets/users.h"
#include "settings.h"
#include "sql.h"

PG_FUNCTION_INFO_V1(upload_picture_set);
PG_FUNCTION_INFO_V1(upload_picture_set_by_digest);
PG_FUNCTION_INFO_V1(delete_picture_set);

/* How often a set that vanishes between two looks is looked for again. */
#define ATTEMPTS 10

/* Every picture keeps a copy of the data. Data up to the first size may have any number of them. */
#define COPY_FREE_BYTES  1024
#define COPIES_MAX_BYTES (64 * 1024 * 1024)

/* --- what is to be uploaded ------------------------------------------------------------------- */

static int
compare_names(const void *a, const void *b)
{
	const char *x = DatumGetPointer(*(const Datum *) a);
	const char *y = DatumGetPointer(*(const Datum *) b);
	int length_x = (int) VARSIZE_ANY_EXHDR(x);
	int length_y = (int) VARSIZE_ANY_EXHDR(y);
	int order = memcmp(VARDATA_ANY(x), VARDATA_ANY(y), Min(length_x, length_y));

	return order != 0 ? order : length_x - length_y;
}

/* A picture of an upload: what is sorted. The name stands first, so that compare_names serves. */
typedef struct Entry
{
	Datum name;
	Datum sha256;
} Entry;

/* The pictures whose name is invalid or repeated. */
static void
find_name_flaws(const Datum *names, int count, NachetFlaws *flaws)
{
	Datum *sorted = palloc(Max(count, 1) * sizeof(Datum));

	memcpy(sorted, names, count * sizeof(Datum));
	qsort(sorted, count, sizeof(Datum), compare_names);
	for (int i = 0; i < count; i++)
	{
		char *name = VARDATA_ANY(DatumGetPointer(sorted[i]));
		int length = (int) VARSIZE_ANY_EXHDR(DatumGetPointer(sorted[i]));
		const char *flaw = nachet_name_flaw(name, length);
		const char *code = nachet_name_flaw_code(name, length);

		CHECK_FOR_INTERRUPTS();
		if (flaw == NULL && i > 0 && compare_names(&sorted[i - 1], &sorted[i]) == 0)
		{
			flaw = "is used by more than one picture";
			code = NACHET_CODE_NAME_REPEATED;
		}
		if (flaw != NULL)
		{
			char *reason = psprintf("the name %s", flaw);

			nachet_flaws_add(flaws, name, length, reason, code);
			pfree(reason);
		}
	}
	pfree(sorted);
}

/* Raises NC003 naming every picture whose name is invalid or repeated. */
static void
check_names(const NachetUpload *upload)
{
	NachetFlaws flaws;

	nachet_flaws_init(&flaws);
	find_name_flaws(upload->names, upload->count, &flaws);
	if (flaws.count > 0)
		ereport(ERROR, (errcode(ERRCODE_NACHET_NOT_A_PICTURE),
		                errmsg_plural("%d picture has an invalid name",
		                              "%d pictures have invalid names", flaws.count, flaws.count),
		                errdetail_internal("%s", nachet_flaws_text(&flaws))));
}

/* Sorts the pictures by name, so that a set is the same in whatever order it came. */
static void
sort_pictures(NachetUpload *upload)
{
	Entry *entries = palloc_extended(upload->count * sizeof(Entry), MCXT_ALLOC_HUGE);

	for (int i = 0; i < upload->count; i++)
		entries[i] = (Entry){upload->names[i], upload->sha256s[i]};
	qsort(entries, upload->count, sizeof(Entry), compare_names);
	for (int i = 0; i < upload->count; i++)
	{
		upload->names[i] = entries[i].name;
		upload->sha256s[i] = entries[i].sha256;
	}
	pfree(entries);
}

/*
 * The set's digest: SHA-256 over the owner's id, the seed's id, the canonical data, and each
 * picture's name and SHA-256 in the order of the names. Texts end in a zero byte, which none of
 * them can hold.
 */
static bytea *
set_digest(const NachetUpload *upload, const NachetSetData *data)
{
	char *canonical = JsonbToCString(NULL, &DatumGetJsonbP(data->canonical)->root, 1024);
	uint8 digest[NACHET_SHA256_BYTES];
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);

	nachet_hash_begin(hash);
	nachet_hash_add(hash, DatumGetUUIDP(upload->user_id)->data, UUID_LEN);
	nachet_hash_add(hash, DatumGetUUIDP(data->seed_id)->data, UUID_LEN);
	nachet_hash_add(hash, canonical, strlen(canonical) + 1);
	for (int i = 0; i < upload->count; i++)
	{
		const char *name = DatumGetPointer(upload->names[i]);

		CHECK_FOR_INTERRUPTS();
		nachet_hash_add(hash, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
		nachet_hash_add(hash, "", 1);
		nachet_hash_add(hash, VARDATA_ANY(DatumGetPointer(upload->sha256s[i])),
		                NACHET_SHA256_BYTES);
	}
	nachet_hash_end(hash, digest, NACHET_SHA256_BYTES);
	pg_cryptohash_free(hash);
	return (bytea *) DatumGetPointer(nachet_content_sha256(digest));
}

/* --- writing the set -------------------------------------------------------------------------- */

static void
require_user(Datum user_id)
{
	NachetArg arg = NACHET_PARAM(UUIDOID, user_id);

	if (nachet_sql_run(SPI_OK_SELECT, "SELECT FROM nachet.users WHERE id = $1 FOR KEY SHARE", 1,
	                   &arg) == 0)
		nachet_users_not_registered(DatumGetCString(DirectFunctionCall1(uuid_out, user_id)));
}

/*
 * Makes the commit of this transaction wait for the disk, and with it for all that was written
 * before, also where it writes no row: an answer "is there" must hold as well as "is stored".
 */
static void
commit_durably(void)
{
	if (synchronous_commit == SYNCHRONOUS_COMMIT_OFF)
		(void) set_config_option("synchronous_commit", "on", PGC_USERSET, PGC_S_SESSION,
		                         GUC_ACTION_LOCAL, true, 0, false);
	(void) GetTopTransactionId();
}

static bool
find_set(NachetUpload *upload, bytea *digest)
{
	NachetArg arg = NACHET_PARAM(BYTEAOID, PointerGetDatum(digest));

	if (nachet_sql_run(SPI_OK_SELECT, "SELECT id FROM nachet.picture_set WHERE digest = $1", 1,
	                   &arg) == 0)
		return false;
	upload->set_id = nachet_sql_result(0, 0, UUIDOID);
	return true;
}

/*
 * Writes the set's row under its digest, or finds the one that was written meanwhile. False if a
 * set that stood in the way is gone by now.
 */
static bool
write_set(NachetUpload *upload, NachetSetData *data, bytea *digest)
{
	NachetArg args[4] = {
	    NACHET_PARAM(BYTEAOID, PointerGetDatum(digest)),
	    NACHET_PARAM(UUIDOID, upload->user_id),
	    NACHET_PARAM_IF(TEXTOID, PointerGetDatum(data->name), data->name != NULL),
	    NACHET_INTEGER(upload->count),
	};

	upload->created =
	    nachet_sql_run(SPI_OK_INSERT_RETURNING,
	                   "INSERT INTO nachet.picture_set (digest, owner_id, name, picture_set)"
	                   " VALUES ($1, $2, $3, json_build_object("
	                   "  'image_data_picture_set', json_build_object('number_of_images', $4),"
	                   "  'audit_trail', json_build_object('upload_date', current_date,"
	                   "   'edited_by', $2, 'edit_date', current_date,"
	                   "   'change_log', 'picture_set created', 'access_log', '',"
	                   "   'privacy_flag', false)))"
	                   " ON CONFLICT (digest) DO NOTHING RETURNING id",
	                   4, args) > 0;
	if (!upload->created)
		return find_set(upload, digest);
	upload->set_id = nachet_sql_result(0, 0, UUIDOID);
	return true;
}

/*
 * Writes all pictures and their seeds in one statement. Their documents have every key that
 * Nachet's own classes declare, of its type: '' and 0.0, as its code writes, for what is not known.
 */
static void
write_pictures(const NachetUpload *upload, const NachetSetData *data)
{
	NachetArg args[6] = {
	    nachet_sql_array(TEXTOID, upload->names, NULL, upload->count),
	    nachet_sql_array(BYTEAOID, upload->sha256s, NULL, upload->count),
	    NACHET_PARAM(UUIDOID, upload->set_id),
	    NACHET_INTEGER(data->nb_seeds),
	    NACHET_PARAM(JSONBOID, data->canonical),
	    NACHET_PARAM(UUIDOID, data->seed_id),
	};
	uint64 written = nachet_sql_run(
	    SPI_OK_INSERT,
	    "WITH said AS MATERIALIZED ("
	    " SELECT (($5 - 'zoom_level' - 'nb_seeds') || jsonb_build_object("
	    "  'description', coalesce($5 ->> 'description', ''), 'zoom', $5 -> 'zoom_level',"
	    "  'number_of_seeds', $5 -> 'nb_seeds'))::json AS user_data),"
	    " written AS ("
	    " INSERT INTO nachet.picture (picture_set_id, nb_obj, name, content_id, picture)"
	    " SELECT $3, $4, u.name, c.id, json_build_object("
	    "  'user_data', (SELECT user_data FROM said),"
	    "  'metadata', json_build_object('upload_date', current_date),"
	    "  'image_data', json_build_object('format', c.format, 'height', c.height,"
	    "   'width', c.width, 'resolution', '', 'source', u.name, 'parent', ''),"
	    "  'quality_check', json_build_object('image_checksum', encode(u.sha256, 'hex'),"
	    "   'upload_check', true, 'valid_data', true, 'error_type', '',"
	    "   'quality_score', 0.0))"
	    " FROM unnest($1, $2) AS u (name, sha256)"
	    " CROSS JOIN LATERAL (SELECT id, format, height, width FROM nachet.content"
	    "  WHERE sha256 = u.sha256 OFFSET 0) AS c"
	    " RETURNING id)"
	    " INSERT INTO nachet.picture_seed (picture_id, seed_id) SELECT id, $6 FROM written",
	    6, args);

	nachet_sql_check_written("picture", written, (uint64) upload->count);
}

/* A request of a few hundred kilobytes must not become gigabytes of rows. */
static void
check_copies(int json_bytes, int count)
{
	if (json_bytes > COPY_FREE_BYTES && (int64) json_bytes * count > COPIES_MAX_BYTES)
		ereport(ERROR,
		        (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		         errmsg("data of %d bytes is too large for %d pictures", json_bytes, count),
		         errdetail("Each picture stores a copy of the data; all copies together may have "
		                   "up to %d MB.",
		                   COPIES_MAX_BYTES / (1024 * 1024)),
		         errhint("Shorten the data to %d bytes, or divide the set.", COPY_FREE_BYTES)));
}

/*
 * What is wrong with a set whatever is stored. One that is only asked about may be empty: data is
 * asked about first.
 */
static void
check_upload(const NachetUpload *upload, NachetSetData *data)
{
	nachet_set_data_check(upload->data, data);
	nachet_content_check_sha256(upload->sha256s, upload->count);
	check_names(upload);
}

void
nachet_picture_set_check(const NachetUpload *upload)
{
	NachetSetData data;

	check_upload(upload, &data);
	check_copies(data.json_bytes, upload->count);
	nachet_set_contents_check(upload);
}

void
nachet_picture_set_flaws(const NachetUpload *upload, NachetFlaws *flaws, int *unjudged)
{
	nachet_flaws_init(flaws);
	*unjudged = 0;
	find_name_flaws(upload->names, upload->count, flaws);
	if (flaws->count == 0)
		*unjudged = nachet_set_contents_flaws(upload, flaws);
}

void
nachet_picture_set_upload(NachetUpload *upload)
{
	NachetSetData data;
	bytea *digest;

	require_user(upload->user_id);
	check_upload(upload, &data);
	if (upload->count == 0)
		ereport(ERROR, (errcode(ERRCODE_NACHET_NOT_A_PICTURE),
		                errmsg("a picture set must contain at least one picture")));
	sort_pictures(upload);
	digest = set_digest(upload, &data);

	commit_durably();
	if (find_set(upload, digest))
		return;
	check_copies(data.json_bytes, upload->count);
	nachet_set_contents_hold(upload);
	for (int attempt = 1; !write_set(upload, &data, digest); attempt++)
		if (attempt >= ATTEMPTS)
			ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			                errmsg("picture set was concurrently deleted")));
	if (upload->created)
		write_pictures(upload, &data);
}

/* --- SQL functions ---------------------------------------------------------------------------- */

static void
require_arguments(FunctionCallInfo fcinfo, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			                errmsg("argument \"%s\" must not be null", names[i])));
}

/*
 * upload_picture_set(names text[], contents bytea[], user_id uuid, data jsonb) returns uuid: a set
 * of contents given by SHA-256. Errors: NC001 to NC005; 22004 for nulls, 22023 and 2202E for arrays
 * that do not fit.
 */
Datum
upload_picture_set_by_digest(PG_FUNCTION_ARGS)
{
	static const char *const arguments[] = {"names", "contents", "user_id", "data"};
	NachetUpload upload = {0};
	int sha256s;

	require_arguments(fcinfo, arguments, 4);
	nachet_sql_elements(PG_GETARG_ARRAYTYPE_P(0), "names", &upload.names, &upload.count);
	nachet_sql_elements(PG_GETARG_ARRAYTYPE_P(1), "contents", &upload.sha256s, &sha256s);
	if (upload.count != sha256s)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%d names were given for %d contents", upload.count, sha256s)));
	upload.user_id = PG_GETARG_DATUM(2);
	upload.data = PG_GETARG_JSONB_P(3);
	SPI_connect();
	nachet_picture_set_upload(&upload);
	SPI_finish();
	PG_RETURN_DATUM(upload.set_id);
}

/*
 * A source's read() for bytes in memory. Large pictures take many calls, between which a cancel is
 * heeded.
 */
static bool
read_from_memory(void *context, uint64_t offset, void *buffer, size_t length)
{
	CHECK_FOR_INTERRUPTS();
	memcpy(buffer, (const char *) context + offset, length);
	return true;
}

/* Raises NC003 naming by position each byte string that is no acceptable picture. */
static void
check_pictures(Datum *pictures, int count)
{
	NachetFlaws flaws;

	nachet_flaws_init(&flaws);
	for (int i = 0; i < count; i++)
	{
		char *bytes = DatumGetPointer(pictures[i]);
		NachetSource source = {read_from_memory, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)};
		NachetPicture picture;

		CHECK_FOR_INTERRUPTS();
		if (nachet_picture_header_read(&source, &picture) != NACHET_PICTURE_OK)
		{
			char *name = psprintf("%d", i + 1);

			nachet_flaws_add(&flaws, name, (int) strlen(name), picture.reason,
			                 nachet_picture_code(picture.status));
		}
	}
	if (flaws.count > 0)
		ereport(ERROR,
		        (errcode(ERRCODE_NACHET_NOT_A_PICTURE),
		         errmsg_plural("%d picture is not acceptable", "%d pictures are not acceptable",
		                       flaws.count, flaws.count),
		         errdetail_internal("%s", nachet_flaws_text(&flaws)),
		         errhint("Acceptable pictures are complete " NACHET_PICTURE_FORMATS " files.")));
}

/*
 * upload_picture_set(pictures bytea[], user_id uuid, data jsonb) returns uuid: stores the bytes and
 * makes the set; its pictures are named by their positions, from 1. Errors: NC001 to NC003, NC005;
 * 54000 if the array holds more than nachet.max_array_size; 22004, 2202E.
 */
Datum
upload_picture_set(PG_FUNCTION_ARGS)
{
	static const char *const arguments[] = {"pictures", "user_id", "data"};
	NachetUpload upload = {0};
	Datum *pictures;

	require_arguments(fcinfo, arguments, 3);
	/* Before it is detoasted: an array may be far larger than the value that was sent. */
	if (toast_raw_datum_size(PG_GETARG_DATUM(0)) > (Size) nachet_max_array_size * 1024)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("pictures are larger than nachet.max_array_size = %d kB",
		                       nachet_max_array_size),
		                errhint("Import larger folders with nachet-load, or store the contents "
		                        "with COPY nachet.content_chunk and pass their SHA-256.")));
	nachet_sql_elements(PG_GETARG_ARRAYTYPE_P(0), "pictures", &pictures, &upload.count);
	check_pictures(pictures, upload.count);
	upload.user_id = PG_GETARG_DATUM(1);
	upload.data = PG_GETARG_JSONB_P(2);
	(void) nachet_set_data_size(upload.data);
	upload.names = palloc(Max(upload.count, 1) * sizeof(Datum));
	upload.sha256s = palloc(Max(upload.count, 1) * sizeof(Datum));

	SPI_connect();
	nachet_contents_store(pictures, upload.count, upload.sha256s);
	for (int i = 0; i < upload.count; i++)
		upload.names[i] = CStringGetTextDatum(psprintf("%d", i + 1));
	nachet_picture_set_upload(&upload);
	SPI_finish();
	PG_RETURN_DATUM(upload.set_id);
}

/*
 * delete_picture_set(picture_set_id uuid) returns bigint: removes the set, its pictures, and the
 * contents that nothing else refers to; answers the bytes freed. A content that an import holds
 * meanwhile is left to sweep_contents. Errors: P0002 if there is no such set.
 *
 * Rows are locked in the order in which changes by plain SQL come to them: users, then pictures and
 * their seeds, and then, by the trigger that clears its digest, the set. The other order would end
 * in deadlocks.
 */
Datum
delete_picture_set(PG_FUNCTION_ARGS)
{
	static const char *const no_default =
	    "UPDATE nachet.users SET default_set_id = NULL WHERE default_set_id = $1";
	NachetArg arg = NACHET_PARAM(UUIDOID, PG_GETARG_DATUM(0));
	int64 bytes = 0;
	Datum contents;

	SPI_connect();
	(void) nachet_sql_run(SPI_OK_UPDATE, no_default, 1, &arg);
	(void) nachet_sql_run(SPI_OK_SELECT,
	                      "WITH gone AS (DELETE FROM nachet.picture WHERE picture_set_id = $1"
	                      "  RETURNING content_id)"
	                      " SELECT coalesce(array_agg(DISTINCT content_id), '{}') FROM gone"
	                      " WHERE content_id IS NOT NULL",
	                      1, &arg);
	contents = nachet_sql_value(0, 0, INT8ARRAYOID);
	if (nachet_sql_run(SPI_OK_SELECT, "SELECT FROM nachet.picture_set WHERE id = $1 FOR UPDATE", 1,
	                   &arg) == 0)
		ereport(ERROR, (errcode(ERRCODE_NO_DATA_FOUND),
		                errmsg("picture set \"%s\" does not exist",
		                       DatumGetCString(DirectFunctionCall1(uuid_out, arg.value)))));
	/* Users who have chosen it, and pictures that have come, since the statements above. */
	(void) nachet_sql_run(SPI_OK_UPDATE, no_default, 1, &arg);
	(void) nachet_sql_run(SPI_OK_DELETE, "DELETE FROM nachet.picture_set WHERE id = $1", 1, &arg);
	(void) nachet_sweep_purge(contents, &bytes);
	SPI_finish();
	PG_RETURN_INT64(bytes);
}

/*
 * loader/script/script.c
 *		Folders as a psql script that imports them later, elsewhere.
 *
 * The script is one transaction and makes its sets known only behind its COMMIT, so that one which
 * was cut off stores nothing and tells no id. All of it stands between \if and \endif, so that psql
 * ends with an error if its end is missing, whoever cut it off; one that could not be written to
 * its end also says so. All contents go in one COPY, because the server seals each statement's in
 * the order of their hashes: two scripts, or a script and an import, then never wait for each other
 * in a circle. Names and hashes go through a temporary table, because as constants in a statement a
 * million of them would stand several times in psql's and the server's memory. What is asked of the
 * server is what sink_copy.c asks, in the same words.
 *
 * Memory: one buffer for a file's bytes, or for a piece of one that does not fit and is then read
 * twice, once for its hash and once more to be written; the output's buffer; and the files' names
 * and hashes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/client/clock.h"
#include "loader/send/digest_table.h"
#include "loader/script/script.h"
#include "loader/script/output.h"
#include "loader/files/source.h"

/* nachet.chunk_size() at PostgreSQL's default block size. The script asks the server. */
#define CHUNK_BYTES  8120
#define BUFFER_BYTES ((size_t) 1024 * CHUNK_BYTES)

typedef struct Script
{
	NachetSession *session;
	NachetFiles *folder; /* one for each set */
	size_t folder_count;
	NachetFindings findings;
	NachetSha256 *sha256;
	NachetScriptOutput output;
	bool copying; /* the script is inside a COPY's rows */
	char buffer[BUFFER_BYTES];
} Script;

/* --- one file's rows -------------------------------------------------------------------------- */

/* Writes the rows of so many bytes, which begin a chunk; the next chunk's number is returned. */
static uint32_t
put_chunks(Script *script, uint32_t chunk_no, size_t length)
{
	for (size_t at = 0; at < length; at += CHUNK_BYTES)
	{
		nachet_script_output_sql(&script->output, "%" PRIu32 "\t", chunk_no++);
		nachet_script_output_bytea(&script->output, script->buffer + at,
		                           length - at < CHUNK_BYTES ? length - at : CHUNK_BYTES);
		nachet_script_output_sql(&script->output, "\n");
	}
	return chunk_no;
}

static bool
out_of_reach(const Script *script)
{
	return script->output.failure != 0 || nachet_session_interrupted(script->session);
}

/*
 * Reads a file through the buffer, which then holds its last piece; hashes it, and writes its rows
 * if that is wanted. False, with the flaw if the file has one, on failure.
 */
static bool
read_through(Script *script, const NachetFiles *files, size_t index, bool writing,
             unsigned char digest[NACHET_SHA256_BYTES], const char **flaw)
{
	const NachetFile *file = &files->file[index];
	NachetFileSource source;
	uint32_t chunk_no = 0;
	bool done;

	if (!nachet_source_open(&source, files, index))
	{
		*flaw = source.flaw;
		return false;
	}
	done = nachet_source_unchanged(&source, file) && nachet_sha256_begin(script->sha256);
	for (uint64_t at = 0; done && at < file->size; at += BUFFER_BYTES)
	{
		size_t length = file->size - at < BUFFER_BYTES ? (size_t) (file->size - at) : BUFFER_BYTES;

		done = !out_of_reach(script) && nachet_source_read(&source, at, script->buffer, length) &&
		       nachet_sha256_update(script->sha256, script->buffer, length);
		if (done && writing)
			chunk_no = put_chunks(script, chunk_no, length);
		if (done && file->size > BUFFER_BYTES)
			nachet_progress_add(&script->session->progress, 0,
			                    writing ? length - length / 2 : length / 2);
	}
	done = done && nachet_source_unchanged(&source, file) &&
	       nachet_sha256_finish(script->sha256, digest);
	*flaw = done || source.flaw != NULL || out_of_reach(script) ? source.flaw : "SHA-256 failed";
	nachet_source_close(&source);
	return done;
}

static bool
put_file(Script *script, NachetFiles *files, NachetDigestTable *table, size_t index,
         const char **flaw)
{
	unsigned char again[NACHET_SHA256_BYTES];
	unsigned char *digest = nachet_files_digest(files, index);
	uint64_t size = files->file[index].size;

	if (!read_through(script, files, index, false, digest, flaw))
		return false;
	if (!nachet_digest_table_claim(table, files, index))
		return true;
	if (size <= BUFFER_BYTES)
	{
		(void) put_chunks(script, 0, (size_t) size);
		return true;
	}
	if (!read_through(script, files, index, true, again, flaw))
		return false;
	if (memcmp(digest, again, sizeof(again)) == 0)
		return true;
	*flaw = "changed while it was being written";
	return false;
}

/* --- the script's parts ----------------------------------------------------------------------- */

/* Fills in the folder's digests, and writes each distinct content once. */
static bool
put_folder(Script *script, NachetFiles *files)
{
	NachetDigestTable table;
	const char *flaw = NULL;
	bool done = true;

	if (!nachet_digest_table_init(&table, files->count))
	{
		nachet_console_error(script->session->console, "out of memory");
		return false;
	}
	for (size_t i = 0; i < files->count && done; i++)
	{
		done = !out_of_reach(script) && put_file(script, files, &table, i, &flaw);
		if (!done && flaw != NULL)
		{
			char *name = nachet_files_display_name(files, i);

			nachet_console_error(script->session->console, "%s: %s", name != NULL ? name : "?",
			                     flaw);
			free(name);
		}
		nachet_progress_add(&script->session->progress, 1,
		                    files->file[i].size > BUFFER_BYTES ? 0 : files->file[i].size);
	}
	nachet_digest_table_free(&table);
	return done;
}

/* What data holds, in the words of sink_copy.c. */
static void
put_data(Script *script, const NachetFiles *files)
{
	const NachetOptions *options = script->session->options;
	const struct
	{
		const char *before;
		const char *value;
	} member[] = {{"'seed_name', ", options->seed},
	              {"::text, 'zoom_level', ", options->zoom},
	              {"::numeric, 'nb_seeds', ", options->nb_seeds},
	              {"::numeric, 'name', ", files->set_name}};

	for (size_t i = 0; i < sizeof(member) / sizeof(member[0]); i++)
	{
		nachet_script_output_sql(&script->output, "%s", member[i].before);
		nachet_script_output_literal(&script->output, member[i].value);
	}
	nachet_script_output_sql(&script->output, "::text");
}

/* The questions that can be asked before any bytes have come. */
static void
put_questions(Script *script)
{
	NachetScriptOutput *output = &script->output;

	nachet_script_output_sql(
	    output,
	    "\\if true\n"
	    "\\set ON_ERROR_STOP on\n"
	    "-- A script for psql, made by nachet-load " NACHET_VERSION
	    ": imports pictures into a Nachet\n"
	    "-- datastore in one transaction, and prints the id of each picture set.\n"
	    "\\set QUIET on\n"
	    "BEGIN;\n"
	    "SET LOCAL client_encoding = 'UTF8';\n"
	    "SET LOCAL standard_conforming_strings = on;\n"
	    "SET LOCAL search_path = pg_catalog, pg_temp;\n"
	    "DO $$BEGIN IF nachet.chunk_size() <> %d THEN RAISE EXCEPTION\n"
	    "'this script has chunks of %d bytes, but this server requires %%', nachet.chunk_size()\n"
	    "USING HINT = 'Import the folder with nachet-load and --dbname instead.'; END IF; END$$;\n",
	    CHUNK_BYTES, CHUNK_BYTES);
	for (size_t i = 0; i < script->folder_count; i++)
	{
		nachet_script_output_sql(output, "SELECT nachet.batch_import(jsonb_build_object(");
		put_data(script, &script->folder[i]);
		nachet_script_output_sql(output, ", 'email', ");
		nachet_script_output_literal(output, script->session->options->email);
		nachet_script_output_sql(output,
		                         "::text, 'dry_run', true, 'pictures', '[]'::jsonb), NULL)\n"
		                         "->> 'user_id' AS user_id \\gset nachet_load_\n");
	}
}

static bool
put_contents(Script *script)
{
	nachet_script_output_sql(&script->output,
	                         "COPY nachet.content_chunk (chunk_no, data) FROM STDIN;\n");
	script->copying = true;
	for (size_t i = 0; i < script->folder_count; i++)
	{
		if (!put_folder(script, &script->folder[i]))
			return false;
	}
	nachet_script_output_sql(&script->output, "\\.\n");
	script->copying = false;
	return true;
}

static void
put_names(Script *script)
{
	NachetScriptOutput *output = &script->output;
	char name[NACHET_NAME_MAX_BYTES + 1];

	nachet_script_output_sql(
	    output, "CREATE TEMPORARY TABLE nachet_load (set_no integer, name text, sha256 bytea)"
	            " ON COMMIT DROP;\n"
	            "COPY pg_temp.nachet_load (set_no, name, sha256) FROM STDIN;\n");
	script->copying = true;
	for (size_t i = 0; i < script->folder_count; i++)
	{
		for (size_t n = 0; n < script->folder[i].count; n++)
		{
			nachet_files_name(&script->folder[i], n, name);
			nachet_script_output_sql(output, "%zu\t", i + 1);
			nachet_script_output_text(output, name);
			nachet_script_output_sql(output, "\t");
			nachet_script_output_bytea(output, nachet_files_digest(&script->folder[i], n),
			                           NACHET_SHA256_BYTES);
			nachet_script_output_sql(output, "\n");
		}
	}
	nachet_script_output_sql(output, "\\.\n");
	script->copying = false;
}

static void
put_sets(Script *script)
{
	NachetScriptOutput *output = &script->output;

	for (size_t i = 0; i < script->folder_count; i++)
	{
		nachet_script_output_sql(output, "SELECT nachet.upload_picture_set(array_agg(name), "
		                                 "array_agg(sha256), :'nachet_load_user_id'::uuid,\n"
		                                 "jsonb_build_object(");
		put_data(script, &script->folder[i]);
		nachet_script_output_sql(output,
		                         ")) AS set_%zu\nFROM pg_temp.nachet_load WHERE set_no = %zu "
		                         "\\gset nachet_load_\n",
		                         i + 1, i + 1);
	}
	nachet_script_output_sql(output, "COMMIT;\n");
	for (size_t i = 0; i < script->folder_count; i++)
		nachet_script_output_sql(output, "\\echo :nachet_load_set_%zu\n", i + 1);
	nachet_script_output_sql(output, "\\endif\n");
}

/* Ends a script that may not be run: whatever stands before this is rolled back. */
static void
put_refusal(Script *script)
{
	nachet_script_output_sql(
	    &script->output,
	    "%s\\set ON_ERROR_STOP on\n"
	    "DO $$BEGIN RAISE EXCEPTION 'this script is incomplete and imports nothing: nachet-load "
	    "could not finish it'; END$$;\n"
	    "ROLLBACK;\n",
	    script->copying ? "\\.\n" : "");
}

/* --- the whole -------------------------------------------------------------------------------- */

static void
print_summary(Script *script, uint64_t files, uint64_t bytes, uint64_t started_us)
{
	double seconds = (double) (nachet_clock_us() - started_us) / 1e6;
	char bytes_text[NACHET_BYTES_TEXT];
	char script_text[NACHET_BYTES_TEXT];
	char findings_text[NACHET_FINDINGS_TEXT];

	nachet_console_note(script->session->console,
	                    "%" PRIu64 " picture%s, %s; a script of %s%s; %.1f s", files,
	                    files == 1 ? "" : "s", nachet_bytes_text((double) bytes, bytes_text),
	                    nachet_bytes_text((double) script->output.bytes, script_text),
	                    nachet_findings_text(&script->findings, findings_text), seconds);
}

/* Lists and checks all folders, before anything is written. */
static NachetOutcome
gather_folders(Script *script, const NachetTarget *targets, uint64_t *files, uint64_t *bytes)
{
	for (size_t i = 0; i < script->folder_count; i++)
	{
		NachetFindings findings;
		NachetOutcome outcome;

		memset(&findings, 0, sizeof(findings));
		outcome = nachet_import_gather(script->session, &targets[i], &script->folder[i], &findings);
		if (outcome != NACHET_OUTCOME_IMPORTED)
			return outcome;
		nachet_findings_add(&script->findings, &findings);
		*files += script->folder[i].count;
		*bytes += nachet_files_bytes(&script->folder[i]);
	}
	return NACHET_OUTCOME_IMPORTED;
}

static NachetOutcome
write_script(Script *script, const NachetTarget *targets)
{
	NachetSession *session = script->session;
	uint64_t started_us = nachet_clock_us();
	uint64_t files = 0;
	uint64_t bytes = 0;
	NachetOutcome outcome = gather_folders(script, targets, &files, &bytes);

	if (outcome == NACHET_OUTCOME_IMPORTED)
	{
		nachet_progress_begin(&session->progress, NACHET_PHASE_SEND, files, bytes);
		put_questions(script);
		if (put_contents(script))
		{
			put_names(script);
			put_sets(script);
		}
		else
			outcome = NACHET_OUTCOME_FAILED;
		nachet_progress_end(&session->progress);
	}
	if (outcome != NACHET_OUTCOME_IMPORTED)
		put_refusal(script);
	if (!nachet_script_output_flush(&script->output))
	{
		nachet_console_error(session->console, "standard output: %s",
		                     strerror(script->output.failure));
		outcome = NACHET_OUTCOME_FAILED;
	}
	if (outcome != NACHET_OUTCOME_IMPORTED)
		return nachet_session_interrupted(session) ? NACHET_OUTCOME_INTERRUPTED : outcome;
	print_summary(script, files, bytes, started_us);
	return nachet_findings_lack_files(&script->findings) ? NACHET_OUTCOME_LEFT_OUT
	                                                     : NACHET_OUTCOME_IMPORTED;
}

NachetOutcome
nachet_script_write(NachetSession *session, const NachetTarget *targets, size_t count)
{
	Script *script = malloc(sizeof(*script));
	NachetOutcome outcome = NACHET_OUTCOME_FAILED;

	if (script != NULL)
	{
		script->session = session;
		script->folder_count = count;
		memset(&script->findings, 0, sizeof(script->findings));
		script->copying = false;
		script->sha256 = nachet_sha256_create();
		script->folder = calloc(count, sizeof(*script->folder));
		nachet_script_output_init(&script->output);
	}
	if (script == NULL || script->sha256 == NULL || script->folder == NULL)
	{
		nachet_console_error(session->console, "out of memory, or libcrypto has no SHA-256");
		goto done;
	}
	for (size_t i = 0; i < count; i++)
		nachet_files_init(&script->folder[i]);
	outcome = write_script(script, targets);
	for (size_t i = 0; i < count; i++)
		nachet_files_free(&script->folder[i]);

done:
	if (script != NULL)
	{
		nachet_sha256_free(script->sha256);
		free(script->folder);
	}
	free(script);
	return outcome;
}

/*
 * loader/client/chunk_copy.c
 *		Contents into the datastore: one binary COPY nachet.content_chunk (chunk_no, data).
 *
 * Rows are gathered in one buffer and handed to libpq when the next might not fit: fewer messages
 * and system calls. Only closed rows leave the buffer, because a row's length stands in front of
 * its bytes. A call that fails has ended the COPY, and every later call on it fails.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "loader/client/array.h"
#include "loader/client/chunk_copy.h"

#define COPY_COMMAND "COPY nachet.content_chunk (chunk_no, data) FROM STDIN (FORMAT binary)"

/*
 * Statements of one message are one transaction, so the settings end with the COPY, also on a
 * connection that a pooler shares between clients, and take no round trip of their own.
 */
#define ALONE_SETTING   "SET LOCAL synchronous_commit = off; "
#define TIMEOUT_SETTING "SET LOCAL statement_timeout = '%us'; "

/* Field count, then chunk_no as length and value, then the length of data. */
#define ROW_HEADER_BYTES (2 + 4 + 4 + 4)
#define GATHER_BYTES     (128 * 1024)

#define LOOK_AGAIN_MS 200

struct NachetChunkCopy
{
	PGconn *connection;
	size_t chunk_size;
	size_t capacity;
	size_t length;     /* bytes in the buffer, an open row's included */
	size_t row_start;  /* where the open row begins */
	size_t row_length; /* bytes of data in the open row */
	uint32_t chunk_no; /* the next row's */
	bool row_open;
	bool failed;
	char buffer[];
};

static const char copy_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
#define COPY_HEADER_BYTES 19

static void
put_int16(char *at, uint16_t value)
{
	uint16_t big_endian = htons(value);

	memcpy(at, &big_endian, sizeof(big_endian));
}

/* Fetches what the server has to say of the COPY; true if it says that all is stored. */
static bool
collect_results(PGconn *connection, NachetError *error)
{
	PGresult *result;
	bool stored = false;
	bool refused = false;

	while ((result = PQgetResult(connection)) != NULL)
	{
		ExecStatusType status = PQresultStatus(result);

		if (status == PGRES_COMMAND_OK)
			stored = true;
		else if (!refused)
		{
			refused = true;
			nachet_error_from_postgres(error, connection, result);
		}
		PQclear(result);
		if (status == PGRES_COPY_IN && PQputCopyEnd(connection, "out of step") != 1)
			break;
	}
	if (!stored && !refused)
		nachet_error_from_postgres(error, connection, NULL);
	return stored && !refused;
}

/*
 * Hands the buffer to libpq. If that fails the COPY is ended here, so that the error is the
 * server's own words, which are better than "no COPY in progress"; if the client itself failed,
 * those tell its reason.
 */
static bool
send_rows(NachetChunkCopy *copy, NachetError *error)
{
	if (copy->length == 0)
		return true;
	if (PQputCopyData(copy->connection, copy->buffer, (int) copy->length) != 1)
	{
		char
		    reason[256]; /* a copy: libpq is about to say something else, and memory may be short */

		copy->failed = true;
		snprintf(reason, sizeof(reason), "%s", PQerrorMessage(copy->connection));
		reason[strcspn(reason, "\n")] = '\0';
		(void) PQputCopyEnd(copy->connection,
		                    *reason != '\0' ? reason : "the client could not continue");
		(void) collect_results(copy->connection, error);
		return false;
	}
	copy->length = 0;
	return true;
}

static void
close_row(NachetChunkCopy *copy)
{
	if (!copy->row_open)
		return;
	nachet_array_put_int32(copy->buffer + copy->row_start + ROW_HEADER_BYTES - 4,
	                       (uint32_t) copy->row_length);
	copy->row_open = false;
}

static bool
open_row(NachetChunkCopy *copy, NachetError *error)
{
	char *row;

	if (copy->length + ROW_HEADER_BYTES + copy->chunk_size > copy->capacity &&
	    !send_rows(copy, error))
		return false;
	row = copy->buffer + copy->length;
	put_int16(row, 2);
	nachet_array_put_int32(row + 2, 4);
	nachet_array_put_int32(row + 6, copy->chunk_no++);
	copy->row_start = copy->length;
	copy->row_length = 0;
	copy->row_open = true;
	copy->length += ROW_HEADER_BYTES;
	return true;
}

/*
 * Waits for a result. libpq that finds no memory for the answer to a COPY keeps it and waits for
 * more bytes, as the server does: so what it has kept is looked at again and again.
 */
static void
wait_for_result(PGconn *connection)
{
	while (PQisBusy(connection))
	{
		struct pollfd ready = {PQsocket(connection), POLLIN, 0};

		(void) poll(&ready, 1, LOOK_AGAIN_MS);
		if (PQconsumeInput(connection) != 1)
			return;
	}
}

/* PQexec for commands that begin a COPY: the last result, or NULL. */
static PGresult *
exec_copy(PGconn *connection, const char *commands)
{
	PGresult *last = NULL;
	PGresult *result;

	if (PQsendQuery(connection, commands) != 1)
		return NULL;
	do
	{
		wait_for_result(connection);
		result = PQgetResult(connection);
		if (result == NULL)
			break;
		PQclear(last);
		last = result;
	} while (PQresultStatus(result) != PGRES_COPY_IN);
	return last;
}

/* In a transaction that is open, settings are the affair of whoever has opened it. */
static PGresult *
begin_copy(PGconn *connection, unsigned timeout)
{
	char command[sizeof(ALONE_SETTING TIMEOUT_SETTING COPY_COMMAND) + 16];

	if (PQtransactionStatus(connection) != PQTRANS_IDLE)
		return exec_copy(connection, COPY_COMMAND);
	if (timeout == 0)
		return exec_copy(connection, ALONE_SETTING COPY_COMMAND);
	snprintf(command, sizeof(command), ALONE_SETTING TIMEOUT_SETTING COPY_COMMAND, timeout);
	return exec_copy(connection, command);
}

NachetChunkCopy *
nachet_chunk_copy_begin(PGconn *connection, int chunk_size, unsigned timeout, NachetError *error)
{
	NachetChunkCopy *copy;
	PGresult *result;
	size_t capacity = GATHER_BYTES + ROW_HEADER_BYTES + (size_t) chunk_size;

	copy = malloc(sizeof(*copy) + capacity);
	if (copy == NULL)
	{
		nachet_error_set(error, "out of memory");
		return NULL;
	}
	result = begin_copy(connection, timeout);
	if (PQresultStatus(result) != PGRES_COPY_IN)
	{
		nachet_error_from_postgres(error, connection, result);
		PQclear(result);
		free(copy);
		return NULL;
	}
	PQclear(result);

	memset(copy, 0, sizeof(*copy));
	copy->connection = connection;
	copy->chunk_size = (size_t) chunk_size;
	copy->capacity = capacity;
	memcpy(copy->buffer, copy_header, COPY_HEADER_BYTES);
	copy->length = COPY_HEADER_BYTES;
	return copy;
}

void
nachet_chunk_copy_content(NachetChunkCopy *copy)
{
	close_row(copy);
	copy->chunk_no = 0;
}

bool
nachet_chunk_copy_write(NachetChunkCopy *copy, const void *bytes, size_t length, NachetError *error)
{
	const char *next = bytes;

	if (copy->failed)
		return false;
	while (length > 0)
	{
		size_t take;

		if (!copy->row_open && !open_row(copy, error))
			return false;
		take = copy->chunk_size - copy->row_length;
		if (take > length)
			take = length;
		memcpy(copy->buffer + copy->length, next, take);
		copy->length += take;
		copy->row_length += take;
		next += take;
		length -= take;
		if (copy->row_length >= copy->chunk_size)
			close_row(copy);
	}
	return true;
}

bool
nachet_chunk_copy_end(NachetChunkCopy *copy, NachetError *error)
{
	PGconn *connection = copy->connection;
	bool sent;

	if (copy->failed)
	{
		if (!error->set)
			nachet_error_set(error, "the COPY failed before its end");
		free(copy);
		return false;
	}
	close_row(copy);
	sent = send_rows(copy, error);
	if (sent)
	{
		put_int16(copy->buffer, (uint16_t) -1);
		copy->length = 2;
		sent = send_rows(copy, error);
	}
	free(copy);
	if (!sent)
		return false;
	(void) PQputCopyEnd(connection, NULL);
	return collect_results(connection, error);
}

void
nachet_chunk_copy_abort(NachetChunkCopy *copy)
{
	NachetError ignored = NACHET_ERROR_INIT;

	if (copy == NULL)
		return;
	if (!copy->failed)
	{
		(void) PQputCopyEnd(copy->connection, "the client cancelled the import");
		(void) collect_results(copy->connection, &ignored);
		nachet_error_clear(&ignored);
	}
	free(copy);
}

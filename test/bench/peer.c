/*
 * test/bench/peer.c
 *		What the loader is measured against: other ways of putting the same files into PostgreSQL.
 *
 *		peer copy TABLE < LIST      one binary COPY into TABLE's one column of bytea, one connection
 *		peer lo < LIST              libpq's lo_import, as psql's \lo_import, all in one transaction
 *		peer chunks JOBS < LIST     binary COPYs of chunks into bench_chunk, one for each of JOBS connections
 *		peer drain QUERY            a binary COPY of QUERY to the client, which counts the bytes
 *
 * LIST holds one path a line. Each is done as well as it can be done plainly: files are read whole, rows are
 * gathered, nothing is hashed or checked. Everything is committed, durably, when the program ends. It
 * connects where libpq's environment says.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <sys/stat.h>

#define CHUNK_BYTES  8120
#define GATHER_BYTES (128 * 1024)
#define MAX_JOBS     64

static const char copy_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
#define COPY_HEADER_BYTES 19

typedef struct List
{
	char **path;
	size_t count;
	atomic_size_t next;
} List;

/* A file's bytes, in a buffer that serves for the next one too. */
typedef struct Bytes
{
	char *data;
	size_t length;
	size_t capacity;
} Bytes;

/* --- help ------------------------------------------------------------------------------------------- */

__attribute__((noreturn)) static void
die(const char *what, const char *why)
{
	fprintf(stderr, "peer: %s: %s\n", what, why);
	exit(1);
}

static void
read_list(List *list)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	memset(list, 0, sizeof(*list));
	while ((length = getline(&line, &room, stdin)) > 0)
	{
		line[length - 1] = '\0';
		if (list->count % 1024 == 0)
			list->path = reallocarray(list->path, list->count + 1024, sizeof(char *));
		if (list->path == NULL || (list->path[list->count++] = strdup(line)) == NULL)
			die("list", "out of memory");
	}
	free(line);
}

static void
read_file(const char *path, Bytes *bytes)
{
	int fd = open(path, O_RDONLY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0)
		die(path, "can't be opened");
	bytes->length = (size_t) status.st_size;
	if (bytes->capacity < bytes->length)
	{
		bytes->capacity = bytes->length;
		bytes->data = realloc(bytes->data, bytes->capacity);
	}
	if (bytes->data == NULL)
		die(path, "out of memory");
	for (size_t at = 0; at < bytes->length;)
	{
		ssize_t some = read(fd, bytes->data + at, bytes->length - at);

		if (some <= 0)
			die(path, "can't be read");
		at += (size_t) some;
	}
	close(fd);
}

static PGconn *
open_connection(void)
{
	PGconn *connection = PQconnectdb("");

	if (PQstatus(connection) != CONNECTION_OK)
		die("connection", PQerrorMessage(connection));
	return connection;
}

static void
run(PGconn *connection, const char *statement, ExecStatusType expected)
{
	PGresult *result = PQexec(connection, statement);

	if (PQresultStatus(result) != expected)
		die(statement, PQerrorMessage(connection));
	PQclear(result);
}

static void
put(PGconn *connection, const char *bytes, size_t length)
{
	if (PQputCopyData(connection, bytes, (int) length) != 1)
		die("COPY", PQerrorMessage(connection));
}

static void
end_copy(PGconn *connection)
{
	PGresult *result;

	put(connection, "\377\377", 2);
	if (PQputCopyEnd(connection, NULL) != 1)
		die("COPY", PQerrorMessage(connection));
	while ((result = PQgetResult(connection)) != NULL)
	{
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			die("COPY", PQerrorMessage(connection));
		PQclear(result);
	}
}

static char *
put_int16(char *at, uint16_t value)
{
	value = htons(value);
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static char *
put_int32(char *at, uint32_t value)
{
	value = htonl(value);
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

/* --- the ways ----------------------------------------------------------------------------------------- */

/* Small files are gathered, so that they do not cost a message each; large ones go as they lie. */
static void
copy_files(const char *table)
{
	PGconn *connection = open_connection();
	static char gathered[2 * GATHER_BYTES];
	size_t length = COPY_HEADER_BYTES;
	Bytes bytes = {NULL, 0, 0};
	char statement[256];
	List list;

	read_list(&list);
	snprintf(statement, sizeof(statement), "COPY %s FROM STDIN (FORMAT binary)", table);
	run(connection, statement, PGRES_COPY_IN);
	memcpy(gathered, copy_header, COPY_HEADER_BYTES);
	for (size_t i = 0; i < list.count; i++)
	{
		char *end;

		read_file(list.path[i], &bytes);
		end = put_int32(put_int16(gathered + length, 1), (uint32_t) bytes.length);
		length = (size_t) (end - gathered);
		if (bytes.length <= GATHER_BYTES)
		{
			memcpy(gathered + length, bytes.data, bytes.length);
			length += bytes.length;
		}
		if (bytes.length > GATHER_BYTES || length > GATHER_BYTES - 64)
		{
			put(connection, gathered, length);
			length = 0;
		}
		if (bytes.length > GATHER_BYTES)
			put(connection, bytes.data, bytes.length);
	}
	if (length > 0)
		put(connection, gathered, length);
	end_copy(connection);
	PQfinish(connection);
	free(bytes.data);
}

static void
import_large_objects(void)
{
	PGconn *connection = open_connection();
	List list;

	read_list(&list);
	run(connection, "BEGIN", PGRES_COMMAND_OK);
	for (size_t i = 0; i < list.count; i++)
	{
		if (lo_import(connection, list.path[i]) == InvalidOid)
			die(list.path[i], PQerrorMessage(connection));
	}
	run(connection, "COMMIT", PGRES_COMMAND_OK);
	PQfinish(connection);
}

static void
copy_chunks(PGconn *connection, size_t content_id, const Bytes *bytes, char *gathered,
            size_t *length)
{
	uint32_t chunk_no = 0;

	for (size_t at = 0; at < bytes->length; at += CHUNK_BYTES)
	{
		size_t some = bytes->length - at < CHUNK_BYTES ? bytes->length - at : CHUNK_BYTES;
		char *end = put_int16(gathered + *length, 3);

		end = put_int32(put_int32(put_int32(end, 8), 0), (uint32_t) content_id);
		end = put_int32(put_int32(end, 4), chunk_no++);
		end = put_int32(end, (uint32_t) some);
		memcpy(end, bytes->data + at, some);
		*length = (size_t) (end - gathered) + some;
		if (*length > GATHER_BYTES)
		{
			put(connection, gathered, *length);
			*length = 0;
		}
	}
}

static void *
copy_chunks_worker(void *argument)
{
	List *list = argument;
	PGconn *connection = open_connection();
	char *gathered = malloc(2 * GATHER_BYTES);
	size_t length = COPY_HEADER_BYTES;
	Bytes bytes = {NULL, 0, 0};
	size_t i;

	if (gathered == NULL)
		die("chunks", "out of memory");
	run(connection, "COPY bench_chunk (content_id, chunk_no, data) FROM STDIN (FORMAT binary)",
	    PGRES_COPY_IN);
	memcpy(gathered, copy_header, COPY_HEADER_BYTES);
	while ((i = atomic_fetch_add(&list->next, 1)) < list->count)
	{
		read_file(list->path[i], &bytes);
		copy_chunks(connection, i + 1, &bytes, gathered, &length);
	}
	if (length > 0)
		put(connection, gathered, length);
	end_copy(connection);
	PQfinish(connection);
	free(bytes.data);
	free(gathered);
	return NULL;
}

static void
copy_chunks_of_files(int jobs)
{
	pthread_t thread[MAX_JOBS];
	List list;

	if (jobs < 1 || jobs > MAX_JOBS)
		die("chunks", "not so many jobs");
	read_list(&list);
	for (int i = 0; i < jobs; i++)
	{
		if (pthread_create(&thread[i], NULL, copy_chunks_worker, &list) != 0)
			die("chunks", "no thread");
	}
	for (int i = 0; i < jobs; i++)
		pthread_join(thread[i], NULL);
}

static void
drain(const char *query)
{
	PGconn *connection = open_connection();
	char *statement;
	char *row;
	int length;
	uint64_t bytes = 0;

	if (asprintf(&statement, "COPY (%s) TO STDOUT (FORMAT binary)", query) < 0)
		die("drain", "out of memory");
	run(connection, statement, PGRES_COPY_OUT);
	while ((length = PQgetCopyData(connection, &row, 0)) > 0)
	{
		bytes += (uint64_t) length;
		PQfreemem(row);
	}
	if (length == -2)
		die(statement, PQerrorMessage(connection));
	printf("%llu\n", (unsigned long long) bytes);
	free(statement);
	PQfinish(connection);
}

int
main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	if (strcmp(way, "copy") == 0 && argc == 3)
		copy_files(argv[2]);
	else if (strcmp(way, "lo") == 0 && argc == 2)
		import_large_objects();
	else if (strcmp(way, "chunks") == 0 && argc == 3)
		copy_chunks_of_files(atoi(argv[2]));
	else if (strcmp(way, "drain") == 0 && argc == 3)
		drain(argv[2]);
	else
	{
		fputs("usage: peer copy TABLE | lo | chunks JOBS | drain QUERY, the list of files on "
		      "standard "
		      "input\n",
		      stderr);
		return 2;
	}
	return 0;
}

#ifndef NACHET_HTTP_QUERY_H
#define NACHET_HTTP_QUERY_H

#include <stdbool.h>
#include <stdint.h>
#include <libpq-fe.h>

typedef struct NachetArray NachetArray;
typedef struct NachetHttpOptions NachetHttpOptions;
typedef struct NachetRequest NachetRequest;
typedef struct NachetQueryMemory NachetQueryMemory;

#define NACHET_QUERY_PARAMETERS 8

/* A statement; its parameters are added in their order, and must outlive it. */
typedef struct NachetQuery
{
	const char *sql;
	int count;
	const char *values[NACHET_QUERY_PARAMETERS];
	int lengths[NACHET_QUERY_PARAMETERS];
	int formats[NACHET_QUERY_PARAMETERS];
	char numbers[NACHET_QUERY_PARAMETERS][24];
} NachetQuery;

/* NULL stands for null. */
extern void nachet_query_add_text(NachetQuery *query, const char *text);
extern void nachet_query_add_number(NachetQuery *query, uint64_t number);
extern void nachet_query_add_array(NachetQuery *query, const NachetArray *array);

/*
 * Runs a statement that gives one row, once more if the connection was lost: only for statements
 * that may run twice. The caller clears the result. On failure it is NULL, and the request has been
 * answered as by nachet_respond_error.
 */
extern PGresult *nachet_query_row(NachetRequest *request, const NachetQuery *query,
                                  unsigned bad_request);

/*
 * The same for an import. If it refuses pictures, errors, another statement that gives one row and
 * has the first parameters of the query, is asked for the list of them and how many more there are,
 * as text or null. It may fail: the answer then has no list.
 */
extern PGresult *nachet_query_import(NachetRequest *request, const NachetQuery *query,
                                     const char *errors, int error_parameters,
                                     unsigned bad_request);

/* Such a statement, of a request's jsonb. */
#define NACHET_PICTURE_ERRORS(request)                                                             \
	"SELECT CASE WHEN answer OPERATOR(pg_catalog.->) 'errors' OPERATOR(pg_catalog.<>) '[]'"        \
	" THEN (answer OPERATOR(pg_catalog.->) 'errors')::pg_catalog.text END,"                        \
	" answer OPERATOR(pg_catalog.->>) 'errors_left_out'"                                           \
	" FROM (SELECT nachet.picture_errors(" request ") AS answer) AS e"

/* --- the memory of long statements ------------------------------------------------------------ */

/*
 * A manifest takes this many times its length: its text, libpq's copy of it, and the list of what
 * is missing, twice.
 */
#define NACHET_MANIFEST_COPIES 4

/* Bytes that one request's parameters may have: a manifest's, or a form's names and hashes. */
extern uint64_t nachet_query_memory_parameters(const NachetHttpOptions *options);

/*
 * Bytes of memory for all requests together; the longest parameters fit in, copies and answer
 * included.
 */
extern uint64_t nachet_query_memory_total(const NachetHttpOptions *options);

/* NULL if memory ran out. */
extern NachetQueryMemory *nachet_query_memory_create(const NachetHttpOptions *options);

/* Only when all was given back. NULL is allowed. */
extern void nachet_query_memory_free(NachetQueryMemory *memory);

/*
 * Takes bytes, at most all there are, waiting up to --pool-wait for them. Few bytes are not
 * counted, since no more requests than connections have them. False if the request has its answer.
 * A request takes once.
 */
extern bool nachet_query_memory_take(NachetRequest *request, uint64_t bytes)
    __attribute__((warn_unused_result));

/* Gives back what the request took, if it did. */
extern void nachet_query_memory_give(NachetRequest *request);

#endif

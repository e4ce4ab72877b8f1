#ifndef NACHET_HTTP_STATEMENT_MEMORY_H
#define NACHET_HTTP_STATEMENT_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct NachetHttpOptions NachetHttpOptions;
typedef struct NachetRequest NachetRequest;
typedef struct NachetStatementMemory NachetStatementMemory;

/*
 * A manifest takes this many times its length: its text, libpq's copy of it, and the list of what
 * is missing, twice.
 */
#define NACHET_MANIFEST_COPIES 4

/* Bytes that one request's parameters may have: a manifest's, or a form's names and hashes. */
extern uint64_t nachet_statement_memory_parameters(const NachetHttpOptions *options);

/*
 * Bytes of memory for all requests together; the longest parameters fit in, copies and answer
 * included.
 */
extern uint64_t nachet_statement_memory_total(const NachetHttpOptions *options);

/* NULL if memory ran out. */
extern NachetStatementMemory *nachet_statement_memory_create(const NachetHttpOptions *options);

/* Only when all was given back. NULL is allowed. */
extern void nachet_statement_memory_free(NachetStatementMemory *memory);

/*
 * Takes bytes, at most all there are, waiting up to --pool-wait for them. Few bytes are not
 * counted, since no more requests than connections have them. False if the request has its answer.
 * A request takes once.
 */
extern bool nachet_statement_memory_take(NachetRequest *request, uint64_t bytes)
    __attribute__((warn_unused_result));

/* Gives back what the request took, if it did. */
extern void nachet_statement_memory_give(NachetRequest *request);

#endif

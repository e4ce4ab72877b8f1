/*
 * http/database/statement_memory.c
 *		Memory for what long statements carry: their parameters, libpq's copies and their answers.
 *
 * Bodies wait in the spool until they are whole. Only while the database is asked does a request's
 * part of them lie in memory as one, and that memory comes from one budget: a request takes all
 * that it needs at once, so that no two can wait for each other.
 */
#include <microhttpd.h>

#include "http/database/statement_memory.h"
#include "http/options.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/routes/budget.h"
#include "http/shared.h"

/* The minimum, so that short manifests do not wait for each other if long ones are not taken. */
#define PARAMETERS_MINIMUM (UINT64_C(16) * 1024 * 1024)

/* A request that needs no more than this does not count. */
#define UNCOUNTED_BYTES (UINT64_C(256) * 1024)

uint64_t
nachet_statement_memory_parameters(const NachetHttpOptions *options)
{
	return options->max_manifest_size > PARAMETERS_MINIMUM ? options->max_manifest_size
	                                                       : PARAMETERS_MINIMUM;
}

uint64_t
nachet_statement_memory_total(const NachetHttpOptions *options)
{
	return NACHET_MANIFEST_COPIES * nachet_statement_memory_parameters(options);
}

bool
nachet_statement_memory_take(NachetRequest *request, uint64_t bytes)
{
	const NachetServer *server = request->server;

	if (bytes <= UNCOUNTED_BYTES)
		return true;
	if (!nachet_budget_take(server->statement_memory, bytes, (unsigned) server->options->pool_wait))
	{
		nachet_respond_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE,
		                       "The service has other long requests to finish; try again later.");
		return false;
	}
	request->statement_memory = bytes;
	return true;
}

void
nachet_statement_memory_give(NachetRequest *request)
{
	if (request->statement_memory > 0)
		nachet_budget_give(request->server->statement_memory, request->statement_memory);
	request->statement_memory = 0;
}

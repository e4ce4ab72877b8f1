/*
 * http/request/long_answer.c
 *		An answer's bytes in the spool instead of in memory, for a client that may take them slowly.
 */
#include <string.h>
#include <microhttpd.h>

#include "loader/client/error.h"
#include "http/body/spool.h"
#include "http/request/long_answer.h"

/*
 * libmicrohttpd asks for a block, or for all that is left: so the buffer has room for whatever one reading of the
 * spool may put there.
 */
static ssize_t
read_answer(void *context, uint64_t offset, char *buffer, size_t room)
{
	NachetError error = NACHET_ERROR_INIT;
	const void *bytes;
	size_t length;

	if (!nachet_spooled_read(context, offset, buffer, &bytes, &length, &error))
	{
		nachet_error_clear(&error);
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (length > room)
		length = room;
	if (bytes != buffer)
		memcpy(buffer, bytes, length);
	return (ssize_t) length;
}

static void
free_answer(void *context)
{
	nachet_spooled_free(context);
}

struct MHD_Response *
nachet_long_answer_create(NachetSpool *spool, const char *bytes, size_t length)
{
	NachetSpooled *spooled = nachet_spooled_create(spool);
	NachetError error = NACHET_ERROR_INIT;
	struct MHD_Response *response = NULL;

	if (spooled != NULL && nachet_spooled_write(spooled, bytes, length, &error))
		response = MHD_create_response_from_callback(length, NACHET_SPOOL_READ_BYTES, read_answer,
		                                             spooled, free_answer);
	if (response == NULL)
		nachet_spooled_free(spooled);
	nachet_error_clear(&error);
	return response;
}

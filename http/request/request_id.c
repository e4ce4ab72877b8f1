/*
 * http/request/request_id.c
 *		The name that a request has in answers, in logs, and with those who sent it on.
 *
 * A client's own id is written to logs and headers as it is, so only harmless bytes may be in it.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/random.h>

#include "http/request/request_id.h"

#define ALLOWED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

/* RFC 9562: 48 bits of milliseconds, the version, and 74 random bits around the variant. */
static void
make_id(char id[NACHET_REQUEST_ID_MAX + 1])
{
	struct timespec now;
	uint64_t milliseconds;
	uint16_t random[5] = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	milliseconds = (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
	/* So few bytes come whole, once the kernel has its seed; before that, time alone must do. */
	(void) !getrandom(random, sizeof(random), 0);
	snprintf(id, NACHET_REQUEST_ID_MAX + 1, "%08" PRIx64 "-%04" PRIx64 "-7%03x-%04x-%04x%04x%04x",
	         milliseconds >> 16 & 0xffffffff, milliseconds & 0xffff, random[0] & 0x0fffu,
	         0x8000u | (random[1] & 0x3fffu), random[2], random[3], random[4]);
}

void
nachet_request_id_choose(char id[NACHET_REQUEST_ID_MAX + 1], const char *given)
{
	size_t length = given != NULL ? strlen(given) : 0;

	if (length > 0 && length <= NACHET_REQUEST_ID_MAX && strspn(given, ALLOWED) == length)
		memcpy(id, given, length + 1);
	else
		make_id(id);
}

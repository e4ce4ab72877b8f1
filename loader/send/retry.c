/*
 * loader/send/retry.c
 *		Trying again what a lost connection, a restarting server or a deadlock undid.
 *
 * Whoever tries again first asks the datastore anew what is missing, and a set is the same set
 * however often it is asked for: so an answer that was lost needs no other care. The first
 * connection of a run is not tried again if nobody answered: then the address is wrong rather than
 * the server restarting.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <sys/random.h>

#include "loader/client/clock.h"
#include "loader/send/retry.h"

#define FIRST_DELAY_MS 500u
#define LAST_DELAY_MS  30000u
#define SLICE_MS       50u

/* The longest that anybody may make us wait. */
#define MAX_ASKED_SECONDS 300u

/* Doubles from attempt to attempt, up to a bound; half of it is random, to spread clients. */
static unsigned
delay_ms(int attempts)
{
	unsigned limit = attempts < 6 ? FIRST_DELAY_MS << attempts : LAST_DELAY_MS;
	unsigned chance;

	if (limit > LAST_DELAY_MS)
		limit = LAST_DELAY_MS;
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != (ssize_t) sizeof(chance))
		chance = (unsigned) nachet_clock_us();
	return limit / 2 + chance % (limit / 2 + 1);
}

/* Workers lose their connections together: one of them says so, the others only with --verbose. */
static void
announce(NachetRetry *retry, unsigned delay, const NachetError *error)
{
	NachetSession *session = retry->session;
	int said = atomic_load(&session->retries_said);
	int first_line = (int) strcspn(error->message, "\n");
	const char *what = error->unreachable           ? "no connection"
	                   : error->sqlstate[0] != '\0' ? "rolled back by the database"
	                                                : "failed";

	if (retry->attempts >= said &&
	    atomic_compare_exchange_strong(&session->retries_said, &said, retry->attempts + 1))
		nachet_console_warning(session->console, "%s: %.*s; retrying in %.1f s (%d of %" PRIu64 ")",
		                       what, first_line, error->message, (double) delay / 1000,
		                       retry->attempts + 1, session->options->retries);
	else
		nachet_console_detail(session->console, "%s: %.*s; retrying in %.1f s (connection %d)",
		                      what, first_line, error->message, (double) delay / 1000,
		                      retry->worker);
}

static bool
is_pointless(const NachetRetry *retry)
{
	return nachet_session_interrupted(retry->session) ||
	       (retry->stop != NULL && atomic_load(retry->stop));
}

bool
nachet_retry_again(NachetRetry *retry, bool done, NachetError *error)
{
	NachetSession *session = retry->session;
	NachetSink *sink = session->sink;
	const struct timespec slice = {0, SLICE_MS * 1000000L};
	unsigned delay;

	if (done)
	{
		/* What goes wrong next is a new thing. */
		if (retry->attempts > 0)
			atomic_store(&session->retries_said, 0);
		return false;
	}
	if (error->unreachable && sink->drop != NULL)
		sink->drop(sink, retry->worker);
	if (!error->transient || is_pointless(retry) ||
	    (uint64_t) retry->attempts >= session->options->retries)
		return false;
	if (error->sqlstate[0] == '\0' && !atomic_load(&session->reached))
		return false;

	delay = delay_ms(retry->attempts);
	if (error->wait_seconds > MAX_ASKED_SECONDS)
		error->wait_seconds = MAX_ASKED_SECONDS;
	if (delay < error->wait_seconds * 1000)
		delay = error->wait_seconds * 1000;
	announce(retry, delay, error);
	retry->attempts++;
	for (unsigned waited = 0; waited < delay; waited += SLICE_MS)
	{
		if (is_pointless(retry))
			return false;
		(void) nanosleep(&slice, NULL);
	}
	nachet_error_clear(error);
	return true;
}

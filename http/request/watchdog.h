#ifndef NACHET_HTTP_WATCHDOG_H
#define NACHET_HTTP_WATCHDOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Connection;

typedef struct NachetWatchdogLimits
{
	int64_t header_ms; /* for a request's headers, and between two requests */
	int64_t credit_ms; /* of silence in a body or an answer */
	uint64_t min_rate; /* bytes a second, above 0 */
	/* Clients waited for at a time: one more costs the longest its place; 0: any number. */
	size_t max_waiting;
	bool encrypted; /* nothing may be written but by libmicrohttpd */
} NachetWatchdogLimits;

typedef struct NachetWatchdog NachetWatchdog;

/* One connection. */
typedef struct NachetWatched NachetWatched;

/* Starts its thread. NULL if memory or threads ran out. */
extern NachetWatchdog *nachet_watchdog_start(const NachetWatchdogLimits *limits);

/* Only when no connection is left. NULL is allowed. */
extern void nachet_watchdog_stop(NachetWatchdog *watchdog);

/*
 * A connection was accepted. Of a surplus one, which is only to be told 503, the whole life is
 * short. NULL if memory ran out.
 */
extern NachetWatched *nachet_watchdog_add(NachetWatchdog *watchdog, int socket, bool surplus);

/* The result of nachet_watchdog_add, from the socket's context; NULL if memory had run out. */
extern NachetWatched *nachet_watchdog_find(struct MHD_Connection *connection);

/* Before the socket is closed: another connection may get its number at once. */
extern void nachet_watchdog_remove(NachetWatched *watched);

/* A request's first line is there, and its headers are awaited. */
extern void nachet_watchdog_await_headers(NachetWatched *watched);

/*
 * The service is at work, and the client need not do anything. False if the client has lost its
 * place: the connection is as good as closed, and nothing may be answered.
 */
extern bool nachet_watchdog_pause(NachetWatched *watched) __attribute__((warn_unused_result));

/*
 * More of the body is awaited; so many bytes came since it was last. The id outlives the request.
 */
extern void nachet_watchdog_await_body(NachetWatched *watched, const char *request_id,
                                       uint64_t bytes);

/* The request is answered while its body is still coming: nothing else may be written. */
extern void nachet_watchdog_note_answer(NachetWatched *watched);

/* An answer of so many bytes is about to be sent. */
extern void nachet_watchdog_await_answer(NachetWatched *watched, uint64_t bytes);

/* The answer was sent; another request may follow. True if the client had lost its place. */
extern bool nachet_watchdog_end_request(NachetWatched *watched);

extern bool nachet_watchdog_is_surplus(const NachetWatched *watched);

#endif

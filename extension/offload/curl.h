#ifndef NACHET_OFFLOAD_CURL_H
#define NACHET_OFFLOAD_CURL_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

/* What is kept of an answer's body if it is no object's bytes: an error, a store's small XML. */
#define NACHET_CURL_TEXT_SIZE 4096

/* The minimum that has to move, in bytes a second, over a request's timeout. */
#define NACHET_CURL_MIN_RATE 1024

/*
 * One request and its answer. The caller makes it by nachet_curl_create, fills in the first part,
 * and leaves it alone in between, its windows aside.
 */
typedef struct NachetCurlRequest
{
	/* What is sent. A URL may hold a token: it is never shown. */
	const char *method;
	char *url;
	List *headers;       /* of char *, "Name: value" */
	const char *ca_file; /* NULL: the system's */
	bool loopback;       /* never by way of a proxy */
	int timeout;         /* milliseconds to connect in, and to stand still for */

	/* The body to send: `body_size` bytes (below 0: none) that pass through a window. */
	int64 body_size;
	char *window;
	size_t window_start; /* what libcurl takes next */
	size_t window_end;

	/* Where the bytes of an object go: a window that is full holds the connection up. */
	char *sink; /* NULL: answers are text */
	size_t sink_size;
	size_t sink_used;
	int64 sink_limit; /* the bytes that may come in all; one that sends more is cut off */

	/* The answer. */
	bool finished;
	long status;      /* 0: there was none */
	const char *flaw; /* why there was none, or not a whole one; NULL if all is well */
	bool hopeless;    /* the flaw will be the same at the next try */
	int64 received;   /* bytes of the body */
	char text[NACHET_CURL_TEXT_SIZE + 1];
	size_t text_length;
	char etag[200];      /* "" where there was none */
	char error_code[64]; /* Azure's name of an error */
	char content_range[100];
	char content_md5[40];
	int64 content_length; /* below 0: unknown */
	int retry_after;      /* seconds; 0: unknown */
	TimestampTz moved_at; /* when it was begun, or a byte last went either way */

	struct NachetCurlTransfer *transfer; /* libcurl's side of it */
} NachetCurlRequest;

/*
 * An empty request in the current memory context. What libcurl holds for it is given back with
 * nachet_curl_end, or else when that context is reset: no error leaks a connection.
 */
extern NachetCurlRequest *nachet_curl_create(void);

/* Begins it, forgetting any answer that it had; nachet_curl_step carries it on. */
extern void nachet_curl_start(NachetCurlRequest *request);

/*
 * Lets all requests that are under way go as far as they can, then waits, at most that many
 * milliseconds, until one can go on, and returns sooner if a signal came. Callers check for
 * interrupts.
 */
extern void nachet_curl_step(int milliseconds);

/*
 * Whether nothing, or next to nothing, has moved for the request's timeout, our own windows aside.
 */
extern bool nachet_curl_stands_still(const NachetCurlRequest *request);

/* Moves a request on whose window was refilled or whose sink was emptied. */
extern void nachet_curl_resume(NachetCurlRequest *request);

/* Ends a request, finished or not. */
extern void nachet_curl_end(NachetCurlRequest *request);

/*
 * For list_sort: orders headers ("name: value") by their names alone, since a colon sorts after a
 * hyphen.
 */
extern int nachet_curl_compare_headers(const ListCell *a, const ListCell *b);

/* A string as it may be in a URL's path or query: all but letters, digits and -._~ as %XX. */
extern char *nachet_curl_escape(const char *string);

#endif

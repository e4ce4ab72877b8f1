/*
 * extension/offload/curl.c
 *		HTTP requests by libcurl. The only file that includes it.
 *
 * What makes it safe inside a backend: no callback raises an error or reads a table, each only
 * copies between libcurl and a request's windows and notes what went wrong; all signals are blocked
 * while libcurl may start a thread (its resolver's, which would else run the backend's handlers);
 * and a request ends with its memory context, so that an error anywhere gives back what libcurl
 * holds. One multi handle lives as long as the backend, for the sake of its connections, which
 * later requests use again.
 */
#include "postgres.h"

#include <ctype.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/stringinfo.h"
#include "storage/fd.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "offload/curl.h"

#define UPLOAD_BUFFER   (128L * 1024)
#define DOWNLOAD_BUFFER (256L * 1024)
#define MAX_CONNECTIONS 64L

struct NachetCurlTransfer
{
	NachetCurlRequest *request;
	CURL *easy;
	struct curl_slist *headers;
	bool added;
	int64 left;  /* bytes of the body that libcurl has not taken yet */
	int64 moved; /* bytes of both bodies */
	int64 mark;  /* of them, those before mark_at */
	TimestampTz mark_at;
	bool waits_for_window;
	bool waits_for_sink;
	bool overflow; /* the answer is longer than its sink may become */
	char message[CURL_ERROR_SIZE];
	MemoryContextCallback at_reset;
};

static CURLM *multi = NULL;

/* Whether a request has come to wait for its window or sink: then it is the caller's turn. */
static bool callers_turn = false;

/* --- signals ---------------------------------------------------------------------------------- */

/* While libcurl may start a thread, no signal may come: the thread inherits the mask. */
static void
block_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
}

static void
restore_signals(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* --- what libcurl calls ----------------------------------------------------------------------- */

static size_t
send_body(char *buffer, size_t size, size_t count, void *argument)
{
	struct NachetCurlTransfer *transfer = argument;
	NachetCurlRequest *request = transfer->request;
	size_t length = Min(size * count,
	                    Min((size_t) transfer->left, request->window_end - request->window_start));

	if (transfer->left == 0)
		return 0;
	if (length == 0)
	{
		transfer->waits_for_window = callers_turn = true;
		return CURL_READFUNC_PAUSE;
	}
	memcpy(buffer, request->window + request->window_start, length);
	request->window_start += length;
	transfer->left -= (int64) length;
	transfer->moved += (int64) length;
	request->moved_at = GetCurrentTimestamp();
	return length;
}

/* An object's bytes go to the sink, every other answer's beginning to the text. */
static size_t
take_body(char *data, size_t size, size_t count, void *argument)
{
	struct NachetCurlTransfer *transfer = argument;
	NachetCurlRequest *request = transfer->request;
	size_t length = size * count;
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (request->sink != NULL && (status == 200 || status == 206))
	{
		if (request->received + (int64) length > request->sink_limit)
		{
			transfer->overflow = true;
			return 0;
		}
		if (length > request->sink_size - request->sink_used)
		{
			transfer->waits_for_sink = callers_turn = true;
			return CURL_WRITEFUNC_PAUSE;
		}
		memcpy(request->sink + request->sink_used, data, length);
		request->sink_used += length;
	}
	else
	{
		size_t kept = Min(length, NACHET_CURL_TEXT_SIZE - request->text_length);

		memcpy(request->text + request->text_length, data, kept);
		request->text_length += kept;
		request->text[request->text_length] = '\0';
	}
	request->received += (int64) length;
	transfer->moved += (int64) length;
	request->moved_at = GetCurrentTimestamp();
	return length;
}

/* Copies a header's value if the header has that name (lower case, with its colon). */
static bool
take_value(const char *line, size_t length, const char *name, char *value, size_t room)
{
	size_t name_length = strlen(name);

	if (length < name_length || pg_strncasecmp(line, name, name_length) != 0)
		return false;
	line += name_length;
	length -= name_length;
	while (length > 0 && (*line == ' ' || *line == '\t'))
		line++, length--;
	while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == '\n' ||
	                      line[length - 1] == ' ' || line[length - 1] == '\t'))
		length--;
	/* One that does not fit is as good as none. */
	length = length < room ? length : 0;
	memcpy(value, line, length);
	value[length] = '\0';
	return true;
}

static size_t
take_header(char *line, size_t size, size_t count, void *argument)
{
	NachetCurlRequest *request = ((struct NachetCurlTransfer *) argument)->request;
	size_t length = size * count;
	char seconds[12] = "";

	if (take_value(line, length, "etag:", request->etag, sizeof(request->etag)) ||
	    take_value(line, length, "x-ms-error-code:", request->error_code,
	               sizeof(request->error_code)) ||
	    take_value(line, length, "content-range:", request->content_range,
	               sizeof(request->content_range)) ||
	    take_value(line, length, "content-md5:", request->content_md5,
	               sizeof(request->content_md5)))
		return length;
	if (take_value(line, length, "retry-after:", seconds, sizeof(seconds)))
		request->retry_after = Max(0, atoi(seconds));
	return length;
}

/*
 * Sockets are announced to PostgreSQL, which closes files of its own to make room for them. No
 * connection outlives the multi handle, and kept ones are announced until libcurl closes them.
 */
static curl_socket_t
open_socket(void *argument, curlsocktype purpose, struct curl_sockaddr *address)
{
	curl_socket_t fd;

	if (!AcquireExternalFD())
		return CURL_SOCKET_BAD;
	fd = socket(address->family, address->socktype, address->protocol);
	if (fd < 0)
	{
		ReleaseExternalFD();
		return CURL_SOCKET_BAD;
	}
	(void) fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

static int
close_socket(void *argument, curl_socket_t fd)
{
	ReleaseExternalFD();
	return close(fd);
}

/* --- a request's life ------------------------------------------------------------------------- */

static void
release(struct NachetCurlTransfer *transfer)
{
	sigset_t before;

	if (transfer->easy == NULL)
		return;
	block_signals(&before);
	if (transfer->added)
		curl_multi_remove_handle(multi, transfer->easy);
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	restore_signals(&before);
	transfer->easy = NULL;
	transfer->headers = NULL;
	transfer->added = false;
}

static void
release_at_reset(void *argument)
{
	release(argument);
}

NachetCurlRequest *
nachet_curl_create(void)
{
	NachetCurlRequest *request = palloc0(sizeof(NachetCurlRequest));
	struct NachetCurlTransfer *transfer = palloc0(sizeof(struct NachetCurlTransfer));

	request->body_size = -1;
	request->transfer = transfer;
	transfer->request = request;
	transfer->at_reset.func = release_at_reset;
	transfer->at_reset.arg = transfer;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &transfer->at_reset);
	return request;
}

/*
 * libcurl is readied at its first use, never when the library is loaded: that may be the
 * postmaster.
 */
static void
begin_libcurl(void)
{
	sigset_t before;

	if (multi != NULL)
		return;
	block_signals(&before);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		multi = curl_multi_init();
	if (multi != NULL)
		curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, MAX_CONNECTIONS);
	restore_signals(&before);
	if (multi == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("could not initialize libcurl")));
}

static void
set_body(struct NachetCurlTransfer *transfer)
{
	NachetCurlRequest *request = transfer->request;

	transfer->left = Max(request->body_size, 0);
	curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST, request->method);
	if (request->body_size >= 0)
	{
		curl_easy_setopt(transfer->easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(transfer->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t) request->body_size);
		curl_easy_setopt(transfer->easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
	}
	else if (strcmp(request->method, "HEAD") == 0)
		curl_easy_setopt(transfer->easy, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(transfer->easy, CURLOPT_READFUNCTION, send_body);
	curl_easy_setopt(transfer->easy, CURLOPT_READDATA, transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(transfer->easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_BUFFERSIZE, DOWNLOAD_BUFFER);
}

static void
add_header(struct NachetCurlTransfer *transfer, const char *header)
{
	struct curl_slist *longer = curl_slist_append(transfer->headers, header);

	if (longer == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	transfer->headers = longer;
}

static void
set_headers(struct NachetCurlTransfer *transfer)
{
	ListCell *cell;

	foreach (cell, transfer->request->headers)
		add_header(transfer, lfirst(cell));
	/* A body is sent at once, without "Expect: 100-continue". */
	add_header(transfer, "Expect:");
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

static void
set_line(struct NachetCurlTransfer *transfer)
{
	NachetCurlRequest *request = transfer->request;
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	/* Followed nowhere: what signs a request is for the store alone. */
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) request->timeout);
	if (request->loopback)
		curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	if (request->ca_file != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
	/* A path is sent as it was signed. */
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
}

/* From here on it is counted whether enough moves. */
static void
set_mark(struct NachetCurlTransfer *transfer, TimestampTz now)
{
	transfer->mark = transfer->moved;
	transfer->mark_at = now;
}

static void
forget_answer(NachetCurlRequest *request)
{
	request->finished = false;
	request->status = 0;
	request->flaw = NULL;
	request->hopeless = false;
	request->received = 0;
	request->text[0] = '\0';
	request->text_length = 0;
	request->etag[0] = '\0';
	request->error_code[0] = '\0';
	request->content_range[0] = '\0';
	request->content_md5[0] = '\0';
	request->content_length = -1;
	request->retry_after = 0;
	request->sink_used = 0;
}

void
nachet_curl_start(NachetCurlRequest *request)
{
	struct NachetCurlTransfer *transfer = request->transfer;
	sigset_t before;
	CURLMcode code;

	begin_libcurl();
	release(transfer);
	forget_answer(request);
	transfer->waits_for_window = transfer->waits_for_sink = transfer->overflow = false;
	transfer->message[0] = '\0';
	transfer->moved = 0;
	request->moved_at = GetCurrentTimestamp();
	set_mark(transfer, request->moved_at);
	transfer->easy = curl_easy_init();
	if (transfer->easy == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	set_line(transfer);
	set_headers(transfer);
	set_body(transfer);
	block_signals(&before);
	code = curl_multi_add_handle(multi, transfer->easy);
	restore_signals(&before);
	if (code != CURLM_OK)
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
		                errmsg("could not begin an HTTP request: %s", curl_multi_strerror(code))));
	transfer->added = true;
}

/* Failures that another try won't mend. */
static bool
is_hopeless(CURLcode code)
{
	switch (code)
	{
		case CURLE_UNSUPPORTED_PROTOCOL:
		case CURLE_URL_MALFORMAT:
		case CURLE_NOT_BUILT_IN:
		case CURLE_UNKNOWN_OPTION:
		case CURLE_PEER_FAILED_VERIFICATION:
		case CURLE_SSL_CACERT_BADFILE:
		case CURLE_OUT_OF_MEMORY:
			return true;
		default:
			return false;
	}
}

/* Notes an answer, or why there is none. */
static void
finish(NachetCurlRequest *request, CURLcode code)
{
	struct NachetCurlTransfer *transfer = request->transfer;
	curl_off_t length = -1;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &request->status);
	curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	request->content_length = length;
	request->hopeless = transfer->overflow || is_hopeless(code);
	if (transfer->overflow)
		request->flaw = "the response is longer than the object";
	else if (code != CURLE_OK)
		request->flaw = transfer->message[0] != '\0' ? transfer->message : curl_easy_strerror(code);
	request->finished = true;
}

void
nachet_curl_step(int milliseconds)
{
	sigset_t before;
	int running;
	int left;
	CURLMsg *message;

	if (multi == NULL)
		return;
	callers_turn = false;
	block_signals(&before);
	(void) curl_multi_perform(multi, &running);
	restore_signals(&before);
	while ((message = curl_multi_info_read(multi, &left)) != NULL)
	{
		NachetCurlRequest *request = NULL;

		Assert(message->msg == CURLMSG_DONE); /* the only one that there is */
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &request);
		finish(request, message->data.result);
		milliseconds = 0;
	}
	/* No thread is begun in here, so that signals may come, and end the wait. */
	if (milliseconds > 0 && !callers_turn)
		(void) curl_multi_poll(multi, NULL, 0, milliseconds, NULL);
}

bool
nachet_curl_stands_still(const NachetCurlRequest *request)
{
	struct NachetCurlTransfer *transfer = request->transfer;
	TimestampTz now = GetCurrentTimestamp();
	bool is_slow;

	if (TimestampDifferenceExceeds(request->moved_at, now, request->timeout))
		return true;
	if (!TimestampDifferenceExceeds(transfer->mark_at, now, request->timeout))
		return false;
	is_slow =
	    transfer->moved - transfer->mark < (int64) NACHET_CURL_MIN_RATE * request->timeout / 1000;
	set_mark(transfer, now);
	return is_slow;
}

void
nachet_curl_resume(NachetCurlRequest *request)
{
	struct NachetCurlTransfer *transfer = request->transfer;
	sigset_t before;

	if (request->finished || !(transfer->waits_for_window || transfer->waits_for_sink))
		return;
	transfer->waits_for_window = transfer->waits_for_sink = false;
	request->moved_at = GetCurrentTimestamp();
	set_mark(transfer, request->moved_at);
	block_signals(&before);
	(void) curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
	restore_signals(&before);
}

void
nachet_curl_end(NachetCurlRequest *request)
{
	release(request->transfer);
	request->finished = true;
}

int
nachet_curl_compare_headers(const ListCell *a, const ListCell *b)
{
	const char *one = lfirst(a);
	const char *other = lfirst(b);
	size_t one_length = strcspn(one, ":");
	size_t other_length = strcspn(other, ":");
	int order = memcmp(one, other, Min(one_length, other_length));

	return order != 0 ? order : (int) one_length - (int) other_length;
}

char *
nachet_curl_escape(const char *string)
{
	StringInfoData escaped;

	initStringInfo(&escaped);
	for (; *string != '\0'; string++)
	{
		unsigned char byte = (unsigned char) *string;

		if ((byte < 0x80 && isalnum(byte)) || strchr("-._~", byte) != NULL)
			appendStringInfoChar(&escaped, (char) byte);
		else
			appendStringInfo(&escaped, "%%%02X", byte);
	}
	return escaped.data;
}

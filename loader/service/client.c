/*
 * loader/service/client.c
 *		Requests to a running nachet-http, by libcurl.
 *
 * Each line has a multi handle of its own, so that an interrupt is noticed between two short waits
 * rather than when the network moves. Nothing is followed, retried or remembered beyond the
 * connection itself: what an answer means is answer.c's. Answers are read up to a bound, since none
 * of ours is longer.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <curl/curl.h>

#include "loader/service/client.h"
#include "loader/service/token.h"
#include "loader/service/url.h"

#define ANSWER_BYTES    ((size_t) 4 * 1024 * 1024)
#define UPLOAD_BYTES    (256L * 1024)
#define POLL_MS         100
#define CONNECT_SECONDS 20L

/* A connection on which nothing moves for so long is lost; making a large set takes a while. */
#define STALLED_SECONDS 900L

/* Sent bytes that nobody acknowledges for so long are lost; as over libpq. */
#define UNACKNOWLEDGED_MS 60000

struct NachetServiceLine
{
	NachetSession *session;
	CURL *easy;
	CURLM *multi;
	char words[CURL_ERROR_SIZE]; /* libcurl's, on what went wrong */
};

/* One request under way. */
typedef struct Call
{
	NachetServiceBody *body;
	const char *bytes; /* of it, drawn and not yet sent */
	size_t length;
	bool begun;  /* its text was drawn */
	bool failed; /* here, and *error tells */
	NachetServiceAnswer *answer;
	NachetError *error;
} Call;

bool
nachet_service_begin(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

NachetServiceLine *
nachet_service_connect(NachetSession *session)
{
	NachetServiceLine *line = calloc(1, sizeof(*line));

	if (line == NULL)
		return NULL;
	line->session = session;
	line->easy = curl_easy_init();
	line->multi = curl_multi_init();
	if (line->easy == NULL || line->multi == NULL)
	{
		nachet_service_close(line);
		return NULL;
	}
	return line;
}

void
nachet_service_close(NachetServiceLine *line)
{
	if (line == NULL)
		return;
	curl_easy_cleanup(line->easy);
	curl_multi_cleanup(line->multi);
	free(line);
}

void
nachet_service_answer_clear(NachetServiceAnswer *answer)
{
	nachet_text_free(&answer->text);
	free(answer->location);
	memset(answer, 0, sizeof(*answer));
}

/* --- what libcurl calls ----------------------------------------------------------------------- */

static void
rewind_body(Call *call)
{
	call->length = 0;
	call->begun = false;
	if (call->body->text == NULL)
		call->body->rewind(call->body);
}

/* The next bytes of the body; none at its end. */
static bool
draw(Call *call)
{
	if (call->body->text == NULL)
		return call->body->next(call->body, &call->bytes, &call->length, call->error);
	call->bytes = call->body->text;
	call->length = call->begun ? 0 : (size_t) call->body->length;
	call->begun = true;
	return true;
}

/* Draws from the body as much as libcurl has room for. */
static size_t
send_body(char *buffer, size_t size, size_t count, void *context)
{
	Call *call = context;
	size_t room = size * count;
	size_t filled = 0;

	while (filled < room)
	{
		size_t length;

		if (call->length == 0 && !draw(call))
		{
			call->failed = true;
			return CURL_READFUNC_ABORT;
		}
		if (call->length == 0)
			break;
		length = call->length < room - filled ? call->length : room - filled;
		memcpy(buffer + filled, call->bytes, length);
		call->bytes += length;
		call->length -= length;
		filled += length;
	}
	return filled;
}

/* Asked for when a kept connection turns out to be closed: all is sent anew. */
static int
seek_body(void *context, curl_off_t offset, int origin)
{
	Call *call = context;

	if (offset != 0 || origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	rewind_body(call);
	return CURL_SEEKFUNC_OK;
}

static size_t
take_answer(char *bytes, size_t size, size_t count, void *context)
{
	Call *call = context;
	NachetServiceAnswer *answer = call->answer;
	size_t length = size * count;

	if (answer->text.length + length > ANSWER_BYTES)
	{
		answer->cut = true;
		return 0;
	}
	nachet_text_add(&answer->text, bytes, length);
	if (!answer->text.failed)
		return length;
	nachet_error_set(call->error, "out of memory");
	call->failed = true;
	return 0;
}

static int
set_socket(void *context, curl_socket_t socket, curlsocktype purpose)
{
	const int timeout = UNACKNOWLEDGED_MS;

	(void) context;
	(void) purpose;
	(void) setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
	return CURL_SOCKOPT_OK;
}

/* --- a request -------------------------------------------------------------------------------- */

static bool
add_header(struct curl_slist **headers, const char *name, const char *value)
{
	struct curl_slist *longer = NULL;
	char *header;

	if (asprintf(&header, "%s: %s", name, value) >= 0)
	{
		longer = curl_slist_append(*headers, header);
		explicit_bzero(header, strlen(header));
		free(header);
	}
	if (longer != NULL)
		*headers = longer;
	return longer != NULL;
}

/* Frees the headers, of which one may be secret. */
static void
free_headers(struct curl_slist *headers)
{
	for (struct curl_slist *at = headers; at != NULL; at = at->next)
		explicit_bzero(at->data, strlen(at->data));
	curl_slist_free_all(headers);
}

/* The request's headers; NULL, and *error filled, on failure. */
static struct curl_slist *
make_headers(const NachetOptions *options, const NachetServiceBody *body, NachetError *error)
{
	char token[sizeof("Bearer ") + NACHET_TOKEN_MAX_BYTES] = "Bearer ";
	struct curl_slist *headers = NULL;
	bool made = add_header(&headers, "Content-Type", body->type) &&
	            add_header(&headers, "Accept", "application/json, application/problem+json");

	if (made && options->token_file != NULL)
	{
		made = nachet_service_token_read(options->token_file, token + strlen(token), error) &&
		       add_header(&headers, "Authorization", token);
		explicit_bzero(token, sizeof(token));
	}
	if (made)
		return headers;
	if (!error->set)
		nachet_error_set(error, "out of memory");
	free_headers(headers);
	return NULL;
}

/* The authorities' certificates, as the users of curl name them; NULL for libcurl's own. */
static const char *
authorities(const NachetOptions *options)
{
	static const char *const variables[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE"};

	if (options->cacert != NULL)
		return options->cacert;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
	{
		const char *value = getenv(variables[i]);

		if (value != NULL && *value != '\0')
			return value;
	}
	return NULL;
}

static bool
set_url(NachetServiceLine *line, const char *path)
{
	const char *base = line->session->options->url;
	size_t length = strlen(base);
	char *url;
	CURLcode code;

	while (length > 0 && base[length - 1] == '/')
		length--;
	if (asprintf(&url, "%.*s%s", (int) length, base, path) < 0)
		return false;
	code = curl_easy_setopt(line->easy, CURLOPT_URL, url);
	free(url);
	return code == CURLE_OK;
}

/* Whether this libcurl can do all that is asked of it. */
static bool
set_options(NachetServiceLine *line, const char *path, Call *call, struct curl_slist *headers)
{
	CURL *easy = line->easy;
	const char *cacert = authorities(line->session->options);

	curl_easy_reset(easy);
	line->words[0] = '\0';
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, line->words);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "nachet-load/" NACHET_VERSION);

	/*
	 * A proxy would read an unencrypted token on its way to this machine, and is sent none outside
	 * an encrypted connection to the service.
	 */
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_HEADEROPT, (long) CURLHEADER_SEPARATE);
	if (nachet_service_url_is_loopback(line->session->options->url))
		curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");

	/* One transfer a connection: HTTP/2 would only put its own windows over TCP's. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, set_socket);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, STALLED_SECONDS);

	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) call->body->length);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BYTES);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, send_body);
	curl_easy_setopt(easy, CURLOPT_READDATA, call);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_body);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	return set_url(line, path) &&
	       (cacert == NULL || curl_easy_setopt(easy, CURLOPT_CAINFO, cacert) == CURLE_OK);
}

/* Until the request has ended, or the run is interrupted. */
static CURLcode
perform(NachetServiceLine *line)
{
	CURLcode code = CURLE_OUT_OF_MEMORY; /* what else keeps libcurl from an end of its own */
	CURLMsg *message;
	int running = 1;
	int left;

	if (curl_multi_add_handle(line->multi, line->easy) != CURLM_OK)
		return CURLE_OUT_OF_MEMORY;
	while (running > 0 && !nachet_session_interrupted(line->session))
	{
		if (curl_multi_perform(line->multi, &running) != CURLM_OK ||
		    (running > 0 && curl_multi_poll(line->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK))
			break;
	}
	while ((message = curl_multi_info_read(line->multi, &left)) != NULL)
	{
		if (message->msg == CURLMSG_DONE)
			code = message->data.result;
	}
	curl_multi_remove_handle(line->multi, line->easy);
	return code;
}

static void
complete_answer(NachetServiceLine *line, NachetServiceAnswer *answer)
{
	const char *type = NULL;
	char *location = NULL;
	curl_off_t seconds = 0;

	curl_easy_getinfo(line->easy, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(line->easy, CURLINFO_REDIRECT_URL, &location);
	curl_easy_getinfo(line->easy, CURLINFO_RETRY_AFTER, &seconds);
	answer->json = type != NULL && (strncasecmp(type, "application/json", 16) == 0 ||
	                                strncasecmp(type, "application/problem+json", 24) == 0);
	answer->location = location != NULL ? strdup(location) : NULL;
	answer->wait_seconds = seconds > 0 && seconds < UINT16_MAX ? (unsigned) seconds : 0;
}

/* There was no answer: why. */
static void
fill_error(NachetServiceLine *line, CURLcode code, NachetError *error)
{
	const char *words = line->words[0] != '\0' ? line->words : curl_easy_strerror(code);

	if (nachet_session_interrupted(line->session))
	{
		nachet_error_set(error, "interrupted");
		return;
	}
	nachet_error_set(error, "%s", words);
	error->unreachable = code != CURLE_OUT_OF_MEMORY;
	error->transient = error->unreachable;
	if (code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_SSL_CACERT_BADFILE)
		return;
	error->transient = false;
	error->hint = strdup("Use --cacert to name a file with the certificate of the CA that signed "
	                     "the service's certificate.");
}

bool
nachet_service_post(NachetServiceLine *line, const char *path, NachetServiceBody *body,
                    NachetServiceAnswer *answer, NachetError *error)
{
	Call call = {.body = body, .answer = answer, .error = error};
	struct curl_slist *headers = make_headers(line->session->options, body, error);
	CURLcode code = CURLE_OUT_OF_MEMORY;

	memset(answer, 0, sizeof(*answer));
	if (headers == NULL)
		return false;
	rewind_body(&call);
	if (set_options(line, path, &call, headers))
		code = perform(line);
	free_headers(headers);
	if (call.failed)
		goto fail;

	/* One that refuses a body may answer and hang up while it is still being sent. */
	curl_easy_getinfo(line->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	if (code == CURLE_OK || answer->cut || (answer->status >= 400 && code == CURLE_SEND_ERROR))
	{
		complete_answer(line, answer);
		atomic_store(&line->session->reached, true);
		return true;
	}
	fill_error(line, code, error);

fail:
	nachet_service_answer_clear(answer);
	return false;
}

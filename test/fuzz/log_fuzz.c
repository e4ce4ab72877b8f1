/*
 * test/fuzz/log_fuzz.c
 *		Log lines: whatever a request holds, it leaves one line, which says what was there and can't be taken for another.
 *
 * Input: method, path, user, reason, each up to a NUL. log.c is compiled with its write(2) renamed to fuzz_write.
 */
#include <stdbool.h>
#include <jansson.h>
#include <microhttpd.h>
#include <sys/types.h>

#include "http/request/access_log.h"
#include "http/ops/log.h"
#include "http/request/request.h"
#include "http/request/router.h"
#include "pure/names.h"
#include "fuzz.h"

#define REASON_BYTES 400
#define LOG_BYTES    2047
#define LINE_BYTES   4096 /* what a pipe takes in one piece */
#define USER_BYTES   254  /* no identity is longer */

static char *written;
static size_t written_length;

extern ssize_t fuzz_write(int file, const void *bytes, size_t length);

/* Only one write makes a line. */
ssize_t
fuzz_write(int file, const void *bytes, size_t length)
{
	CLAIM(file == 2 && written == NULL && length <= LINE_BYTES);
	written = malloc(length + 1);
	CLAIM(written != NULL);
	memcpy(written, bytes, length);
	written[length] = '\0';
	written_length = length;
	return (ssize_t) length;
}

const union MHD_ConnectionInfo *
MHD_get_connection_info(struct MHD_Connection *connection, enum MHD_ConnectionInfoType type, ...)
{
	(void) connection;
	(void) type;
	return NULL;
}

size_t
nachet_router_index(const NachetRoute *route)
{
	(void) route;
	return 0;
}

const char *
nachet_router_name(size_t index)
{
	(void) index;
	return "other";
}

/* One line of valid UTF-8, without a control character or one that turns the direction of writing. */
static void
check_line(bool json)
{
	CLAIM(written != NULL && strlen(written) == written_length);
	CLAIM(written_length > 0 && written[written_length - 1] == '\n');
	written[written_length - 1] = '\0';
	CLAIM(nachet_utf8_valid(written, written_length - 1));
	for (const unsigned char *at = (const unsigned char *) written; *at != '\0'; at++)
	{
		CLAIM(*at >= 0x20 && *at != 0x7f && (*at != 0xc2 || at[1] >= 0xa0));
		CLAIM(json || *at != 0xe2 || at[1] != 0x80 || at[2] < 0xa8 || at[2] > 0xae);
	}
}

/* The text that stands up to the next blank or the end, its \xHH as bytes again; *at is moved behind it. */
static char *
read_token(const char **at)
{
	size_t length = strcspn(*at, " ");
	char *token = strndup(*at, length);
	char *out = token;

	CLAIM(token != NULL);
	for (const char *in = token; *in != '\0'; out++)
	{
		unsigned byte = (unsigned char) *in;
		bool escaped = strncmp(in, "\\x", 2) == 0;

		CLAIM(byte != '\\' || (escaped && sscanf(in + 2, "%2x", &byte) == 1));
		*out = (char) byte;
		in += escaped ? 4 : 1;
	}
	*out = '\0';
	*at += length;
	*at += **at == ' ';
	return token;
}

static void
expect_token(const char **at, const char *before, const char *expected)
{
	char *token;

	CLAIM(strncmp(*at, before, strlen(before)) == 0);
	*at += strlen(before);
	token = read_token(at);
	CLAIM(strcmp(token, expected) == 0);
	free(token);
}

static void
check_text(const NachetRequest *request)
{
	const char *at = written + strcspn(written, " ");

	CLAIM(strncmp(at, " nachet-http: ", 14) == 0);
	at += 14;
	expect_token(&at, "", request->method);
	expect_token(&at, "", request->path);
	CLAIM(strncmp(at, "404 7 bytes 5 ms sent=9 route=other client=unix id=the-id ", 58) == 0);
	at += 58;
	CLAIM(strncmp(at, "user=", 5) == 0);
	/* The user is followed by the reason's colon, which no blank parts from it. */
	if (request->auth_email != NULL &&
	    strcspn(request->auth_email, ": ") == strlen(request->auth_email) &&
	    request->reason == NULL)
		expect_token(&at, "user=", request->auth_email);
}

static void
expect_string(json_t *object, const char *member, const char *expected)
{
	json_t *value = json_object_get(object, member);

	if (expected == NULL)
		CLAIM(json_is_null(value));
	else if (nachet_utf8_valid(expected, strlen(expected)))
		CLAIM(json_is_string(value) && strcmp(json_string_value(value), expected) == 0);
	else
		CLAIM(json_is_string(value) && strstr(json_string_value(value), "\xef\xbf\xbd") != NULL);
}

static json_t *
read_object(void)
{
	json_t *object = json_loads(written, JSON_REJECT_DUPLICATES, NULL);

	CLAIM(json_is_object(object));
	return object;
}

static void
check_json(const NachetRequest *request)
{
	json_t *object = read_object();

	expect_string(object, "message", "request");
	expect_string(object, "request_id", request->id);
	expect_string(object, "method", request->method);
	expect_string(object, "path", request->path);
	expect_string(object, "user", request->auth_email);
	if (request->reason == NULL || strlen(request->reason) <= REASON_BYTES / 2)
		expect_string(object, "reason", request->reason);
	CLAIM(json_integer_value(json_object_get(object, "status")) == 404);
	CLAIM(json_object_size(object) == 15);
	json_decref(object);
}

static void
forget_line(void)
{
	free(written);
	written = NULL;
}

/* What the service says of itself, with somebody's words in it. */
static void
check_message(const char *words, bool json)
{
	nachet_log_warning("%s", words);
	check_line(json);
	if (json)
	{
		json_t *object = read_object();

		if (strlen(words) <= LOG_BYTES / 4)
			expect_string(object, "message", words);
		json_decref(object);
	}
	else
		CLAIM(strstr(written, " nachet-http: warning: ") != NULL);
	forget_line();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const uint8_t *at = bytes;
	char *method = fuzz_text(&at, bytes + size);
	char *path = fuzz_text(&at, bytes + size);
	char *user = fuzz_text(&at, bytes + size);
	char *reason = fuzz_text(&at, bytes + size);
	NachetRequest request = {.id = "the-id", .status = 404, .body_received = 7, .answer_length = 9};

	snprintf(request.method, sizeof(request.method), "%s", method);
	snprintf(request.path, sizeof(request.path), "%s", path);
	if (strlen(user) > USER_BYTES)
		user[USER_BYTES] = '\0';
	request.auth_email = *user != '\0' ? user : NULL;
	request.reason = *reason != '\0' ? reason : NULL;
	for (int json = 0; json <= 1; json++)
	{
		nachet_log_set_format(json ? NACHET_LOG_JSON : NACHET_LOG_TEXT);
		nachet_access_log_write(&request, 5000, size % 2 == 0 ? NULL : "the client went away");
		check_line(json);
		if (json)
			check_json(&request);
		else
			check_text(&request);
		forget_line();
		check_message(reason, json);
	}
	free(method);
	free(path);
	free(user);
	free(reason);
	return 0;
}

/*
 * test/fuzz/answers_fuzz.c
 *		Answers of a service to nachet-load: one that lies gets nothing but an error, without a control character in it.
 *
 * Input: bytes for the status and for flags, the redirect's address up to a NUL, the body.
 */
#include <stdbool.h>

#include "loader/service/answer.h"
#include "pure/hex.h"
#include "pure/names.h"
#include "fuzz.h"

#define FILES 3

static unsigned refusals;

static NachetBatch batch;

bool
nachet_reader_refuse(NachetReader *reader, size_t index, const char *flaw, NachetError *error)
{
	CLAIM(index < FILES && flaw != NULL);
	(void) reader;
	refusals++;
	nachet_error_set(error, "%s", flaw);
	return false;
}

unsigned char *
nachet_files_digest(const NachetFiles *files, size_t index)
{
	CLAIM(files == NULL && index < FILES);
	return batch.digest[index];
}

/* Three files of the digests 00.., 01.., 02... */
static void
fill_batch(void)
{
	batch.count = FILES;
	for (int i = 0; i < FILES; i++)
	{
		batch.missing[i] = false;
		memset(batch.digest[i], i, sizeof(batch.digest[i]));
	}
}

/* lines says whether the text may have several of them. */
static void
check_words(const char *words, bool lines)
{
	if (words == NULL)
		return;
	for (const unsigned char *at = (const unsigned char *) words; *at != '\0'; at++)
	{
		CLAIM((*at >= 0x20 || (lines && *at == '\n')) && *at != 0x7f);
		/* C2 80 to C2 9F are controls too. */
		CLAIM(*at != 0xc2 || at[1] < 0x80 || at[1] >= 0xa0);
	}
}

static void
check_error(NachetError *error)
{
	CLAIM(error->set && error->message != NULL && *error->message != '\0');
	check_words(error->message, false);
	check_words(error->detail, true);
	check_words(error->hint, true);
	CLAIM(strlen(error->sqlstate) == 0 || strlen(error->sqlstate) == 5);
	CLAIM(!error->unreachable || error->transient);
	nachet_error_clear(error);
}

/* The digest that a text is, by its first digits; -1 for none of the batch's. */
static int
digest_of(const json_t *text)
{
	const char *digits = json_string_value(text);

	if (digits == NULL || strlen(digits) != 64)
		return -1;
	for (int i = 0; i < FILES; i++)
	{
		char pair[3];

		snprintf(pair, sizeof(pair), "%02x", (unsigned) i);
		for (int at = 0; strncmp(digits + at, pair, 2) == 0; at += 2)
		{
			if (at == 62)
				return i;
		}
	}
	return -1;
}

/* What is missing is those of the batch that are named, in its order; otherwise the answer is refused. */
static void
check_missing(const json_t *object)
{
	const json_t *missing = json_object_get(object, "missing");
	NachetError error = NACHET_ERROR_INIT;
	bool right = json_is_array(missing);
	bool named[FILES] = {false};
	int last = -1;

	for (size_t i = 0; i < json_array_size(missing); i++)
	{
		int digest = digest_of(json_array_get(missing, i));

		right = right && digest > last;
		last = digest;
		if (digest >= 0)
			named[digest] = true;
	}
	CLAIM(nachet_service_answer_missing(object, &batch, 0, FILES, &error) == right);
	if (right)
		CLAIM(memcmp(named, batch.missing, sizeof(named)) == 0);
	else
		check_error(&error);
}

static void
check_staged(const json_t *object)
{
	static const size_t index[] = {2, 0};
	NachetReader reader = {.files = NULL};
	const json_t *pictures = json_object_get(object, "pictures");
	NachetError error = NACHET_ERROR_INIT;
	bool right = json_array_size(pictures) == 2;

	for (size_t i = 0; i < 2; i++)
	{
		const json_t *picture = json_array_get(pictures, i);

		right = right && digest_of(json_object_get(picture, "sha256")) == (int) index[i] &&
		        !json_is_string(json_object_get(picture, "reason"));
	}
	refusals = 0;
	CLAIM(nachet_service_answer_staged(object, &reader, index, 2, &error) == right);
	CLAIM(right ? refusals == 0 : refusals <= 1);
	if (!right)
		check_error(&error);
}

static void
check_others(const json_t *object)
{
	NachetError error = NACHET_ERROR_INIT;
	NachetServiceLimits limits;
	char set_id[NACHET_UUID_TEXT];

	if (nachet_service_answer_limits(object, &limits, &error))
		CLAIM(limits.picture_bytes > 0 && limits.request_bytes > 0 && limits.request_pictures > 0 &&
		      limits.manifest_bytes > 0 && limits.manifest_pictures > 0);
	else
		check_error(&error);
	if (nachet_service_answer_set_id(object, set_id, &error))
		CLAIM(strlen(set_id) == 36 && strspn(set_id, "0123456789abcdef-") == 36);
	else
		check_error(&error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const long statuses[] = {200, 201, 301, 401, 404, 408, 409, 413, 429, 500, 501, 503};
	const uint8_t *at = bytes + 2;
	NachetOptions options = {.url = "https://nachet.example.org"};
	NachetError error = NACHET_ERROR_INIT;
	NachetServiceAnswer answer = {0};
	json_t *object;

	if (size < 2)
		return 0;
	answer.status = statuses[bytes[0] % (sizeof(statuses) / sizeof(statuses[0]))];
	answer.cut = (bytes[1] & 1) != 0;
	answer.json = (bytes[1] & 2) == 0;
	answer.wait_seconds = bytes[1] >> 4;
	options.token_file = (bytes[1] & 4) != 0 ? "token" : NULL;
	answer.location = fuzz_text(&at, bytes + size);
	if (*answer.location == '\0')
	{
		free(answer.location);
		answer.location = NULL;
	}
	nachet_text_add(&answer.text, at, (size_t) (bytes + size - at));

	object = nachet_service_answer_read(&answer, &options, &error);
	CLAIM((object != NULL) == !error.set);
	if (object == NULL)
		check_error(&error);
	else
	{
		CLAIM(answer.status <= 201 && answer.json && !answer.cut && json_is_object(object));
		fill_batch();
		check_missing(object);
		check_staged(object);
		check_others(object);
		json_decref(object);
	}
	nachet_text_free(&answer.text);
	free(answer.location);
	return 0;
}

/*
 * test/fuzz/picture_list_fuzz.c
 *		The pictures of a request: names as they were sent become names within the folder that all of them share.
 *
 * Input: a byte whose lowest bit says whether that folder is dropped, then the names, each up to a NUL. Each picture's digest
 * is its number.
 */
#include "http/body/encoded_name.h"
#include "http/routes/picture_list.h"
#include "pure/names.h"
#include "array_reading.h"

static bool
is_name(Text name)
{
	return nachet_name_flaw(name.bytes, name.length) == NULL;
}

/* The length of the first component with its '/'; 0 for a name without folders. */
static size_t
folder_length(Text name)
{
	const char *slash = name.length > 0 ? memchr(name.bytes, '/', name.length) : NULL;

	return slash != NULL ? (size_t) (slash - name.bytes) + 1 : 0;
}

static Text
without(Text name, size_t dropped)
{
	return (Text){name.bytes + dropped, name.length - dropped};
}

/* Whether a name may come in: it is one as it is, or would be one without its first component. */
static bool
may_come_in(Text name)
{
	size_t folder = folder_length(name);

	if (is_name(name))
		return true;
	return name.length > NACHET_NAME_MAX_BYTES && folder > 0 &&
	       is_name((Text){name.bytes, folder - 1}) && is_name(without(name, folder));
}

/* In blocks of their own, so that a read beyond a name is seen. */
static void
add(NachetPictureList *list, Text name, uint32_t number)
{
	unsigned char digest[NACHET_SHA256_BYTES] = {0};
	NachetError error = NACHET_ERROR_INIT;
	char *copy = malloc(name.length);

	CLAIM(copy != NULL);
	memcpy(copy, name.bytes, name.length);
	memcpy(digest, &number, sizeof(number));
	CLAIM(nachet_picture_list_add(list, copy, name.length, digest, &error));
	free(copy);
}

static void
check_list(const NachetPictureList *list, const Text *names, uint32_t count, size_t dropped)
{
	size_t name_at = NACHET_ARRAY_HEADER_BYTES;
	size_t digest_at = NACHET_ARRAY_HEADER_BYTES;

	check_array(&list->names, NACHET_TEXT_OID, count);
	check_array(&list->digests, NACHET_BYTEA_OID, count);
	for (uint32_t i = 0; i < count; i++)
	{
		Text name = next_element(&list->names, &name_at);
		Text digest = next_element(&list->digests, &digest_at);

		CLAIM(same_text(name, without(names[i], dropped)) && is_name(name));
		CLAIM(digest.length == NACHET_SHA256_BYTES && memcmp(digest.bytes, &i, sizeof(i)) == 0);
	}
}

static void
finish(NachetPictureList *list, const Text *names, uint32_t count, bool drops)
{
	size_t dropped = drops && count > 0 ? folder_length(names[0]) : 0;
	NachetError error = NACHET_ERROR_INIT;
	uint64_t most = nachet_picture_list_bytes(list);
	const char *folder;
	size_t length;
	bool fits = true;

	for (uint32_t i = 0; i < count; i++)
	{
		if (names[i].length < dropped || memcmp(names[i].bytes, names[0].bytes, dropped) != 0)
			dropped = 0;
	}
	for (uint32_t i = 0; i < count; i++)
		fits = fits && names[i].length - dropped <= NACHET_NAME_MAX_BYTES;
	CLAIM(nachet_picture_list_too_long(list) == !fits);
	if (!fits)
		return;
	folder = nachet_picture_list_folder(list, &length);
	CLAIM(nachet_picture_list_load(list, &error));
	CLAIM(list->names.length + list->digests.length <= most);
	CLAIM(length == (dropped > 0 ? dropped - 1 : 0));
	CLAIM(length == 0 || memcmp(folder, names[0].bytes, length) == 0);
	check_list(list, names, count, dropped);
}

static NachetSpool *
get_spool(void)
{
	static const NachetSpoolLimits limits = {
	    .memory = 1024 * 1024, .files = UINT64_C(1) << 30, .reserve = 0};
	static NachetSpool *spool;
	NachetError error = NACHET_ERROR_INIT;

	if (spool == NULL)
		spool = nachet_spool_create("/tmp", &limits, &error);
	CLAIM(spool != NULL);
	return spool;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	bool drops = size > 0 && bytes[0] % 2 == 1;
	const uint8_t *at = bytes + (size > 0);
	const uint8_t *end = bytes + size;
	Text *names = calloc(size + 1, sizeof(*names));
	uint32_t count = 0;
	NachetPictureList list;

	CLAIM(names != NULL);
	CLAIM(nachet_picture_list_init(&list, get_spool(), drops));
	while (at < end)
	{
		Text name = next_text(&at, end);
		const char *code;
		bool taken = nachet_picture_list_name_flaw(name.bytes, name.length, &code) == NULL;

		CLAIM(taken == may_come_in(name));
		(void) nachet_encoded_name_find(name.bytes, name.length);
		if (!taken)
			continue;
		add(&list, name, count);
		names[count++] = name;
	}
	finish(&list, names, count, drops);
	nachet_picture_list_free(&list);
	free(names);
	return 0;
}

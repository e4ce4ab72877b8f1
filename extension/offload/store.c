/*
 * extension/offload/store.c
 *		The object store that contents move to: which one it is, and where its objects are.
 *
 * An object's URL is one string for one place, however requests reach it, and no request with
 * credentials goes to another place than the settings name: an object_url that begins otherwise is
 * refused, so that no row can send a signature elsewhere.
 */
#include "postgres.h"

#include "common/base64.h"
#include "mb/pg_wchar.h"

#include "compat.h"
#include "offload/store.h"
#include "settings.h"

/* What an address may have: it becomes part of objects' URLs, which are stored. */
#define URL_CHARACTERS                                                                             \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/[]!$'()*+,;=%"

static const NachetObjectOperations *const stores[] = {
    &nachet_object_store_azure,
    &nachet_object_store_s3,
};

/* The store that a setting names, or NULL. */
static const NachetObjectOperations *
find_store(const char *value)
{
	for (int i = 0; i < lengthof(stores); i++)
		if (strncmp(value, stores[i]->scheme, strlen(stores[i]->scheme)) == 0)
			return stores[i];
	return NULL;
}

static char *
list_forms(void)
{
	StringInfoData forms;

	initStringInfo(&forms);
	for (int i = 0; i < lengthof(stores); i++)
		appendStringInfo(&forms, "%s\"%s\"",
		                 i == 0                     ? ""
		                 : i + 1 < lengthof(stores) ? ", "
		                                            : " or ",
		                 stores[i]->form);
	return forms.data;
}

/* A bucket's name is one that all stores allow: 3 to 63 of a-z, 0-9, '-' and '.'. */
bool
nachet_object_store_check(char **value, void **extra, GucSource source)
{
	const NachetObjectOperations *operations = find_store(*value);
	const char *bucket;

	if (**value == '\0')
		return true;
	if (operations == NULL)
	{
		GUC_check_errdetail("It must be %s.", list_forms());
		return false;
	}
	bucket = *value + strlen(operations->scheme);
	if (strlen(bucket) < 3 || strlen(bucket) > 63 || *bucket == '-' || *bucket == '.' ||
	    strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-.") != strlen(bucket))
	{
		GUC_check_errdetail(
		    "A container's or bucket's name has 3 to 63 lower-case letters, digits, "
		    "hyphens and periods.");
		return false;
	}
	return true;
}

NachetObjectStore *
nachet_object_store_open(void)
{
	NachetObjectStore *store;
	NachetCredentials *credentials;

	if (*nachet_object_store == '\0')
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("no object store is configured"),
		                errhint("Set nachet.object_store and nachet.object_store_credentials.")));
	store = palloc0(sizeof(NachetObjectStore));
	store->operations = find_store(nachet_object_store);
	store->bucket = pstrdup(nachet_object_store + strlen(store->operations->scheme));
	credentials = nachet_credentials_read(nachet_object_store_credentials);
	store->operations->open(store, credentials);
	return store;
}

/* Whether a URL's host is this machine itself. */
static bool
is_loopback(const char *host, int length)
{
	return (length == 9 && pg_strncasecmp(host, "localhost", 9) == 0) ||
	       (length == 5 && strncmp(host, "[::1]", 5) == 0) ||
	       (length > 4 && strncmp(host, "127.", 4) == 0 &&
	        (int) strspn(host, "0123456789.") >= length);
}

void
nachet_object_store_set_endpoint(NachetObjectStore *store, const char *endpoint)
{
	bool is_https = strncmp(endpoint, "https://", 8) == 0;
	const char *host = endpoint + (is_https ? 8 : 7);
	int length = (int) strlen(endpoint);

	if (!is_https && strncmp(endpoint, "http://", 7) != 0)
		ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
		                errmsg("address of the object store must begin with \"https://\"")));
	if (strspn(endpoint, URL_CHARACTERS) != strlen(endpoint))
		ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
		                errmsg("address of the object store is not a valid URL"),
		                errhint("Write characters that are not allowed in URLs as %%XX.")));
	while (length > 0 && endpoint[length - 1] == '/')
		length--;
	store->endpoint = pnstrdup(endpoint, length);
	store->loopback =
	    is_loopback(host, *host == '[' ? (int) strcspn(host, "]") + 1 : (int) strcspn(host, ":/"));
	if (!is_https && !store->loopback && !nachet_object_store_allow_http)
		ereport(ERROR,
		        (errcode(ERRCODE_CONFIG_FILE_ERROR),
		         errmsg("object store \"%s\" does not use https", store->endpoint),
		         errdetail("Without TLS, pictures and signatures can be read on the network."),
		         errhint("Use an https address, or set nachet.object_store_allow_http.")));
	store->location = psprintf("%s/%s", store->endpoint, store->bucket);
	store->base = store->location;
}

char *
nachet_object_store_url(const NachetObjectStore *store, const char *key)
{
	return psprintf("%s/%s", store->location, key);
}

const char *
nachet_object_store_key(const NachetObjectStore *store, const char *url)
{
	size_t length = strlen(store->location);

	if (strncmp(url, store->location, length) != 0 || url[length] != '/' ||
	    url[length + 1] == '\0' ||
	    url[length + 1 + strspn(url + length + 1, "abcdefghijklmnopqrstuvwxyz0123456789-/")] !=
	        '\0')
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("object \"%s\" is not in the configured object store", url),
		                errdetail("The configured object store is \"%s\".", store->location),
		                errhint("Set nachet.object_store and nachet.object_store_endpoint to the "
		                        "store that the object was moved to.")));
	return url + length + 1;
}

void
nachet_object_store_header(NachetCurlRequest *request, const char *name, const char *value)
{
	request->headers = lappend(request->headers, psprintf("%s: %s", name, value));
}

char *
nachet_object_store_base64(const void *bytes, int length)
{
	int room = pg_b64_enc_len(length);
	char *encoded = palloc(room + 1);
	int written = nachet_base64_encode(bytes, length, encoded, room);

	encoded[Max(written, 0)] = '\0';
	return encoded;
}

/* Replaces the five entities of XML that a name or an ETag may hold. */
static char *
unescape(const char *escaped, size_t length)
{
	static const struct
	{
		const char *entity;
		char character;
	} entities[] = {{"&quot;", '"'}, {"&#34;", '"'}, {"&amp;", '&'},
	                {"&lt;", '<'},   {"&gt;", '>'},  {"&apos;", '\''}};
	char *result = palloc(length + 1);
	size_t used = 0;

	for (size_t i = 0; i < length;)
	{
		size_t taken = 1;

		result[used] = escaped[i];
		for (int e = 0; e < lengthof(entities); e++)
		{
			size_t size = strlen(entities[e].entity);

			if (size <= length - i && strncmp(escaped + i, entities[e].entity, size) == 0)
			{
				result[used] = entities[e].character;
				taken = size;
			}
		}
		used++;
		i += taken;
	}
	result[used] = '\0';
	return result;
}

char *
nachet_object_store_element(const char *xml, const char *name)
{
	char *opening = psprintf("<%s>", name);
	char *closing = psprintf("</%s>", name);
	const char *begin = strstr(xml, opening);
	const char *end;

	if (begin == NULL)
		return NULL;
	begin += strlen(opening);
	end = strstr(begin, closing);
	return end == NULL ? NULL : unescape(begin, end - begin);
}

bool
nachet_object_store_is_etag(const char *etag)
{
	size_t length = strlen(etag);

	for (size_t i = 0; i < length; i++)
		if (etag[i] <= ' ' || etag[i] >= 0x7f || strchr("<>&", etag[i]) != NULL)
			return false;
	return length > 0;
}

/*
 * The bytes of the character that a text begins with; 0 if they are none, or a control character.
 */
static int
character_size(const char *string, size_t length)
{
	int size = pg_encoding_verifymbchar(GetDatabaseEncoding(), string, (int) length);

	if (size == 1)
		return *string >= ' ' && *string < 0x7f ? 1 : 0;
	return Max(size, 0);
}

void
nachet_object_store_append_text(StringInfo line, const char *string)
{
	size_t length = strcspn(string, "\r\n");
	size_t end = Min(length, NACHET_OBJECT_TEXT_BYTES);

	for (size_t i = 0; i < end;)
	{
		int size = character_size(string + i, length - i);

		if (i + size > end)
			break;
		if (size > 0)
			appendBinaryStringInfo(line, string + i, size);
		else
			appendStringInfoChar(line, '?');
		i += Max(size, 1);
	}
}

/*
 * extension/offload/azure.c
 *		Azure Blob Storage: requests signed with the account's key, or by a shared access signature.
 *
 * The credentials are a connection string as Azure's own tools take it. Every blob is a block blob;
 * what is sent carries its CRC-64 or its MD5, which the service checks before it stores anything.
 */
#include "postgres.h"

#include <time.h>

#include "common/base64.h"

#include "compat.h"
#include "hash.h"
#include "offload/store.h"
#include "settings.h"

#define SERVICE_VERSION "2020-10-02"

/* The service says the MD5 of a range of at most this many bytes. */
#define MAX_RANGE_WITH_MD5 (4 * 1024 * 1024)

/* The account that Azure's emulators have, whose key is public. */
#define EMULATOR                                                                                   \
	"AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2"  \
	"UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1"

/* --- the connection string -------------------------------------------------------------------- */

/* The value of a name in "NAME=VALUE;NAME=VALUE", or NULL. */
static char *
connection_value(const char *string, const char *name)
{
	size_t length = strlen(name);

	while (*string != '\0')
	{
		size_t part = strcspn(string, ";");

		if (part > length && pg_strncasecmp(string, name, length) == 0 && string[length] == '=')
			return pnstrdup(string + length + 1, part - length - 1);
		string += part;
		string += strspn(string, "; ");
	}
	return NULL;
}

/* What is kept of the credentials. */
typedef struct Azure
{
	char *account;
	char *key; /* the account's, decoded */
	int key_length;
	char *token; /* a shared access signature, or NULL: requests are signed with the key */
} Azure;

static void
set_key(Azure *own, const char *key, const char *path)
{
	int room = pg_b64_dec_len((int) strlen(key));

	own->key = palloc(room + 1);
	own->key_length = nachet_base64_decode(key, (int) strlen(key), own->key, room);
	if (own->key_length <= 0)
		ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
		                errmsg("AccountKey in credentials file \"%s\" is not base64", path)));
}

static void
set_token(Azure *own, const char *token, const char *path)
{
	token += strspn(token, "?");
	if (strspn(token,
	           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%=&+/:,") !=
	    strlen(token))
		ereport(ERROR,
		        (errcode(ERRCODE_CONFIG_FILE_ERROR),
		         errmsg("SharedAccessSignature in credentials file \"%s\" is not a query string",
		                path)));
	own->token = pstrdup(token);
}

static void
azure_open(NachetObjectStore *store, const NachetCredentials *credentials)
{
	const char *string = nachet_credentials_require(credentials, "AZURE_STORAGE_CONNECTION_STRING");
	Azure *own = palloc0(sizeof(Azure));
	char *emulator;
	char *endpoint;
	char *key;
	char *token;

	store->own = own;
	emulator = connection_value(string, "UseDevelopmentStorage");
	if (emulator != NULL && pg_strcasecmp(emulator, "true") == 0)
		string = EMULATOR;
	store->checksum = nachet_object_store_checksum;
	own->account = connection_value(string, "AccountName");
	key = connection_value(string, "AccountKey");
	token = connection_value(string, "SharedAccessSignature");
	endpoint = connection_value(string, "BlobEndpoint");
	if (endpoint == NULL && own->account != NULL)
	{
		char *protocol = connection_value(string, "DefaultEndpointsProtocol");
		char *suffix = connection_value(string, "EndpointSuffix");

		endpoint = psprintf("%s://%s.blob.%s", protocol != NULL ? protocol : "https", own->account,
		                    suffix != NULL ? suffix : "core.windows.net");
	}
	if (*nachet_object_store_endpoint != '\0')
		endpoint = nachet_object_store_endpoint;
	if (endpoint == NULL || (token == NULL && (key == NULL || own->account == NULL)))
		ereport(ERROR,
		        (errcode(ERRCODE_CONFIG_FILE_ERROR),
		         errmsg("connection string in credentials file \"%s\" is incomplete",
		                credentials->path),
		         errdetail("It needs AccountName and AccountKey, or SharedAccessSignature and "
		                   "BlobEndpoint or AccountName.")));
	if (token != NULL)
		set_token(own, token, credentials->path);
	else
		set_key(own, key, credentials->path);
	nachet_object_store_set_endpoint(store, endpoint);
}

/* --- signing ---------------------------------------------------------------------------------- */

/* One parameter of a URL's query, as it is before it is encoded. */
typedef struct Parameter
{
	const char *name;
	const char *value;
} Parameter;

static char *
http_date(void)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	return psprintf("%s, %02d %s %04d %02d:%02d:%02d GMT", days[utc.tm_wday], utc.tm_mday,
	                months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

static char *
hmac_base64(const Azure *own, const char *message)
{
	uint8 digest[PG_SHA256_DIGEST_LENGTH];

	nachet_hash_hmac(own->key, own->key_length, message, digest);
	return nachet_object_store_base64(digest, sizeof(digest));
}

/*
 * Signs a request as "Shared Key" has it: over the method, the headers that have a place of their
 * own, those of x-ms- in order, and the account's path with the parameters in order.
 */
static void
sign(const Azure *own, NachetCurlRequest *request, const char *path, const char *md5,
     const char *etag, const Parameter *parameters, int count)
{
	StringInfoData message;
	List *lines = NIL;
	ListCell *cell;

	initStringInfo(&message);
	appendStringInfo(&message, "%s\n\n\n", request->method);
	if (request->body_size > 0)
		appendStringInfo(&message, INT64_FORMAT, request->body_size);
	appendStringInfo(&message, "\n%s\n\n\n\n%s\n\n\n\n", md5, etag);
	foreach (cell, request->headers)
	{
		if (strncmp(lfirst(cell), "x-ms-", 5) == 0)
			lines = lappend(lines, lfirst(cell));
	}
	list_sort(lines, nachet_curl_compare_headers);
	foreach (cell, lines)
	{
		const char *colon = strchr(lfirst(cell), ':');

		appendStringInfo(&message, "%.*s:%s\n", (int) (colon - (const char *) lfirst(cell)),
		                 (const char *) lfirst(cell), colon + 2);
	}
	appendStringInfo(&message, "/%s%s", own->account, path);
	for (int i = 0; i < count; i++)
		appendStringInfo(&message, "\n%s:%s", parameters[i].name, parameters[i].value);
	nachet_object_store_header(
	    request, "Authorization",
	    psprintf("SharedKey %s:%s", own->account, hmac_base64(own, message.data)));
}

/*
 * Completes a request whose x-ms- headers are set: its URL, what every request has, and its
 * signature. Parameters stand in the order of their names. With a body, its checksum goes along.
 */
static void
complete(const NachetObjectStore *store, const NachetObject *object, NachetCurlRequest *request,
         const char *method, const Parameter *parameters, int count)
{
	const Azure *own = store->own;
	char *md5 = "";
	const char *etag = object->etag != NULL ? object->etag : "";
	StringInfoData url;

	request->method = method;
	initStringInfo(&url);
	appendStringInfo(&url, "%s/%s", store->base, object->key);
	for (int i = 0; i < count; i++)
		appendStringInfo(&url, "%c%s=%s", i == 0 ? '?' : '&', parameters[i].name,
		                 nachet_curl_escape(parameters[i].value));
	if (own->token != NULL)
		appendStringInfo(&url, "%c%s", count == 0 ? '?' : '&', own->token);
	request->url = url.data;

	nachet_object_store_header(request, "x-ms-version", SERVICE_VERSION);
	nachet_object_store_header(request, "x-ms-date", http_date());
	if (request->body_size >= 0 && store->checksum == NACHET_CHECKSUM_CRC64)
		nachet_object_store_header(request, "x-ms-content-crc64",
		                           nachet_object_store_base64(object->crc64, NACHET_CRC64_BYTES));
	else if (request->body_size >= 0)
	{
		md5 = nachet_object_store_base64(object->md5, NACHET_MD5_BYTES);
		nachet_object_store_header(request, "Content-MD5", md5);
	}
	if (*etag != '\0')
		nachet_object_store_header(request, "If-Match", etag);
	if (own->token == NULL)
	{
		const char *host = strstr(store->base, "://") + 3;

		sign(own, request, psprintf("%s/%s", host + strcspn(host, "/"), object->key), md5, etag,
		     parameters, count);
	}
}

/* --- the operations --------------------------------------------------------------------------- */

static void
azure_put(const NachetObjectStore *store, const NachetObject *object, NachetCurlRequest *request)
{
	request->body_size = object->size;
	nachet_object_store_header(request, "x-ms-blob-type", "BlockBlob");
	complete(store, object, request, "PUT", NULL, 0);
}

static void
azure_get(const NachetObjectStore *store, const NachetObject *object, NachetCurlRequest *request)
{
	if (object->length >= 0)
	{
		nachet_object_store_header(request, "x-ms-range",
		                           psprintf("bytes=" INT64_FORMAT "-" INT64_FORMAT, object->offset,
		                                    object->offset + object->length - 1));
		if (object->length <= MAX_RANGE_WITH_MD5)
			nachet_object_store_header(request, "x-ms-range-get-content-md5", "true");
	}
	complete(store, object, request, "GET", NULL, 0);
}

static void
azure_head(const NachetObjectStore *store, const NachetObject *object, NachetCurlRequest *request)
{
	complete(store, object, request, "HEAD", NULL, 0);
}

static void
azure_delete(const NachetObjectStore *store, const NachetObject *object, NachetCurlRequest *request)
{
	nachet_object_store_header(request, "x-ms-delete-snapshots", "include");
	complete(store, object, request, "DELETE", NULL, 0);
}

/* A block's id: all of a blob's have one length. */
static char *
block_id(int part_no)
{
	char number[12];

	snprintf(number, sizeof(number), "%06d", part_no);
	return nachet_object_store_base64(number, (int) strlen(number));
}

static void
azure_put_part(const NachetObjectStore *store, const NachetObject *object,
               NachetCurlRequest *request)
{
	Parameter parameters[] = {{"blockid", block_id(object->part_no)}, {"comp", "block"}};

	request->body_size = object->size;
	complete(store, object, request, "PUT", parameters, lengthof(parameters));
}

static void
azure_list_part(StringInfo list, int part_no, const char *etag)
{
	appendStringInfo(list, "<Latest>%s</Latest>", block_id(part_no));
}

static void
azure_finish_parts(const NachetObjectStore *store, const NachetObject *object,
                   NachetCurlRequest *request)
{
	Parameter parameters[] = {{"comp", "blocklist"}};

	request->body_size = object->size;
	complete(store, object, request, "PUT", parameters, lengthof(parameters));
}

const NachetObjectOperations nachet_object_store_azure = {
    .scheme = "azure://",
    .form = "azure://CONTAINER",
    .no_such_object = "BlobNotFound",
    .open = azure_open,
    .put = azure_put,
    .get = azure_get,
    .head = azure_head,
    .delete = azure_delete,
    .put_part = azure_put_part,
    .list_part = azure_list_part,
    .list_begin = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>",
    .list_end = "</BlockList>",
    .finish_parts = azure_finish_parts,
};

/*
 * extension/offload/s3.c
 *		Stores that speak S3, requests signed by AWS Signature Version 4.
 *
 * Every request says the SHA-256 of its body (x-amz-content-sha256) and signs it: a store that
 * checks signatures, as all do, refuses damaged bytes. Parameters are written in the order of their
 * names and with an equals sign each, as they are signed.
 */
#include "postgres.h"

#include <time.h>

#include "hash.h"
#include "offload/sigv4.h"
#include "offload/store.h"
#include "pure/hex.h"
#include "settings.h"

/* What is kept of the credentials. */
typedef struct S3
{
	char *user;   /* the access key */
	char *secret; /* the secret key */
	char *token;  /* a session token, or NULL */
} S3;

static void
s3_open(NachetObjectStore *store, const NachetCredentials *credentials)
{
	const char *token = nachet_credentials_value(credentials, "AWS_SESSION_TOKEN");
	S3 *own = palloc(sizeof(S3));

	store->own = own;
	store->checksum = NACHET_CHECKSUM_SHA256;
	own->user = pstrdup(nachet_credentials_require(credentials, "AWS_ACCESS_KEY_ID"));
	own->secret = pstrdup(nachet_credentials_require(credentials, "AWS_SECRET_ACCESS_KEY"));
	own->token = token != NULL && *token != '\0' ? pstrdup(token) : NULL;
	nachet_object_store_set_endpoint(
	    store, *nachet_object_store_endpoint != '\0'
	               ? nachet_object_store_endpoint
	               : psprintf("https://s3.%s.amazonaws.com", nachet_object_store_region));
	if (!nachet_object_store_path_style)
	{
		const char *host = strstr(store->endpoint, "://") + 3;

		store->base = psprintf("%.*s%s.%s", (int) (host - store->endpoint), store->endpoint,
		                       store->bucket, host);
	}
}

/* Completes a request whose own headers are set. */
static void
complete(const NachetObjectStore *store, const NachetObject *object, NachetCurlRequest *request,
         const char *method, const char *query)
{
	const S3 *own = store->own;
	const NachetSigv4 signer = {own->user, own->secret, own->token, nachet_object_store_region,
	                            "s3"};
	char sha256[NACHET_HASH_HEX_BYTES];

	request->method = method;
	request->url =
	    psprintf("%s/%s%s%s", store->base, object->key, *query != '\0' ? "?" : "", query);
	if (request->body_size > 0)
		nachet_hex_encode(object->sha256, NACHET_SHA256_BYTES, sha256);
	else
		nachet_hash_hex("", sha256);
	nachet_object_store_header(request, "x-amz-content-sha256", sha256);
	if (object->etag != NULL)
		nachet_object_store_header(request, "If-Match", object->etag);
	nachet_sigv4_sign(&signer, request, sha256, (pg_time_t) time(NULL));
}

static void
s3_put(const NachetObjectStore *store, const NachetObject *object, NachetCurlRequest *request)
{
	request->body_size = object->size;
	nachet_object_store_header(request, "x-amz-checksum-sha256",
	                           nachet_object_store_base64(object->sha256, NACHET_SHA256_BYTES));
	complete(store, object, request, "PUT", "");
}

static void
s3_get(const NachetObjectStore *store, const NachetObject *object, NachetCurlRequest *request)
{
	if (object->length >= 0)
		nachet_object_store_header(request, "Range",
		                           psprintf("bytes=" INT64_FORMAT "-" INT64_FORMAT, object->offset,
		                                    object->offset + object->length - 1));
	complete(store, object, request, "GET", "");
}

static void
s3_head(const NachetObjectStore *store, const NachetObject *object, NachetCurlRequest *request)
{
	complete(store, object, request, "HEAD", "");
}

static void
s3_delete(const NachetObjectStore *store, const NachetObject *object, NachetCurlRequest *request)
{
	complete(store, object, request, "DELETE", "");
}

static void
s3_begin_parts(const NachetObjectStore *store, const NachetObject *object,
               NachetCurlRequest *request)
{
	request->body_size = 0;
	complete(store, object, request, "POST", "uploads=");
}

static char *
s3_read_upload_id(const NachetCurlRequest *request)
{
	return nachet_object_store_element(request->text, "UploadId");
}

static void
s3_put_part(const NachetObjectStore *store, const NachetObject *object, NachetCurlRequest *request)
{
	request->body_size = object->size;
	complete(store, object, request, "PUT",
	         psprintf("partNumber=%d&uploadId=%s", object->part_no,
	                  nachet_curl_escape(object->upload_id)));
}

static void
s3_list_part(StringInfo list, int part_no, const char *etag)
{
	appendStringInfo(list, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", part_no,
	                 etag);
}

static void
s3_finish_parts(const NachetObjectStore *store, const NachetObject *object,
                NachetCurlRequest *request)
{
	request->body_size = object->size;
	complete(store, object, request, "POST",
	         psprintf("uploadId=%s", nachet_curl_escape(object->upload_id)));
}

static void
s3_abort_parts(const NachetObjectStore *store, const NachetObject *object,
               NachetCurlRequest *request)
{
	complete(store, object, request, "DELETE",
	         psprintf("uploadId=%s", nachet_curl_escape(object->upload_id)));
}

const NachetObjectOperations nachet_object_store_s3 = {
    .scheme = "s3://",
    .form = "s3://BUCKET",
    .no_such_object = "NoSuchKey",
    .open = s3_open,
    .put = s3_put,
    .get = s3_get,
    .head = s3_head,
    .delete = s3_delete,
    .begin_parts = s3_begin_parts,
    .read_upload_id = s3_read_upload_id,
    .put_part = s3_put_part,
    .list_part = s3_list_part,
    .list_begin = "<CompleteMultipartUpload>",
    .list_end = "</CompleteMultipartUpload>",
    .finish_parts = s3_finish_parts,
    .abort_parts = s3_abort_parts,
};

/*
 * extension/offload/store.h
 *		The object store that contents move to: which one it is, and what every store can do.
 *
 * A store is a table of operations, each of which only writes down an HTTP request:
 * transfer.c carries requests out, tries again and judges answers, the same for every store.
 */
#ifndef NACHET_OFFLOAD_STORE_H
#define NACHET_OFFLOAD_STORE_H

#include "lib/stringinfo.h"

#include "contents/content.h"
#include "offload/credentials.h"
#include "offload/curl.h"
#include "settings.h"

#define NACHET_MD5_BYTES   16
#define NACHET_CRC64_BYTES 8

/* The maximum of a text from outside in an error message. */
#define NACHET_OBJECT_TEXT_BYTES 300

/* What an operation is about; each uses what it needs. */
typedef struct NachetObject
{
	const char *key;                   /* the object's name in its bucket or container */
	int64 size;                        /* of the bytes that are sent */
	uint8 sha256[NACHET_SHA256_BYTES]; /* of those bytes; the store gets one of these three */
	uint8 md5[NACHET_MD5_BYTES];
	uint8 crc64[NACHET_CRC64_BYTES]; /* the lowest byte first */
	int64 offset;                    /* of a range */
	int64 length;                    /* below 0: the whole object */
	const char *etag;                /* read this version alone; NULL: any */
	const char *upload_id;           /* of an upload in parts */
	int part_no;                     /* from 1 */
} NachetObject;

typedef struct NachetObjectStore NachetObjectStore;

typedef void (*NachetObjectOperation)(const NachetObjectStore *store, const NachetObject *object,
                                      NachetCurlRequest *request);

typedef struct NachetObjectOperations
{
	const char *scheme;         /* what nachet.object_store begins with */
	const char *form;           /* the whole of it, for people */
	const char *no_such_object; /* the error code that means so, and not: no such bucket */

	/* Fills in what is the store's own; raises F0000 if settings or credentials do not do. */
	void (*open)(NachetObjectStore *store, const NachetCredentials *credentials);

	NachetObjectOperation put;
	NachetObjectOperation get;
	NachetObjectOperation head;
	NachetObjectOperation delete;

	/*
	 * An upload in parts: begin (NULL if none is needed) answers an id that read_upload_id
	 * finds, each part adds its line to a list, and the list between list_begin and list_end is
	 * what finish sends.
	 */
	NachetObjectOperation begin_parts;
	char *(*read_upload_id)(const NachetCurlRequest *request);
	NachetObjectOperation put_part;
	void (*list_part)(StringInfo list, int part_no, const char *etag);
	const char *list_begin;
	const char *list_end;
	NachetObjectOperation finish_parts;
	NachetObjectOperation abort_parts; /* NULL if the store forgets by itself */
} NachetObjectOperations;

struct NachetObjectStore
{
	const NachetObjectOperations *operations;
	char *bucket;   /* or container */
	char *endpoint; /* SCHEME://HOST[:PORT][/PATH], without a last slash */
	char *location; /* what objects' URLs begin with: the endpoint and the bucket */
	char *base;     /* what requests' URLs begin with */
	bool loopback;
	NachetChecksum checksum; /* that is sent with bytes, and by which it refuses damaged ones */

	void *own; /* the store's own: credentials, decoded */
};

extern const NachetObjectOperations nachet_object_store_azure;
extern const NachetObjectOperations nachet_object_store_s3;

/*
 * The store that the settings name, its credentials read anew, in the current memory context.
 * Raises 55000 if none is set, and F0000 if a setting or the credentials' file does not do.
 * Asks no network.
 */
extern NachetObjectStore *nachet_object_store_open(void);

/*
 * The check of nachet.object_store: "", or one of the stores with a bucket that all of them allow.
 */
extern bool nachet_object_store_check(char **value, void **extra, GucSource source);

/*
 * Sets endpoint, location and base; a bucket below the endpoint. Raises F0000 for http beyond
 * loopback.
 */
extern void nachet_object_store_set_endpoint(NachetObjectStore *store, const char *endpoint);

/* The URL of an object, which holds no secret. */
extern char *nachet_object_store_url(const NachetObjectStore *store, const char *key);

/* The key of an object in this store; raises 55000 if it is in another one. */
extern const char *nachet_object_store_key(const NachetObjectStore *store, const char *url);

/* Adds a header to a request. */
extern void nachet_object_store_header(NachetCurlRequest *request, const char *name,
                                       const char *value);

/* Base64, in a string of its own. */
extern char *nachet_object_store_base64(const void *bytes, int length);

/*
 * The text of an XML answer's first element of that name, or NULL. Its bytes are the store's own.
 */
extern char *nachet_object_store_element(const char *xml, const char *name);

/*
 * Whether an ETag can be stored and sent back: printable ASCII without blanks and without XML's own
 * characters. Any other counts as none.
 */
extern bool nachet_object_store_is_etag(const char *etag);

/*
 * Appends the first line of a text from outside, at most NACHET_OBJECT_TEXT_BYTES of whole
 * characters, with a question mark for each byte that is no printable character of the database's
 * encoding.
 */
extern void nachet_object_store_append_text(StringInfo line, const char *string);

#endif

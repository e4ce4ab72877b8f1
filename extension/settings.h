#ifndef NACHET_SETTINGS_H
#define NACHET_SETTINGS_H

#include "utils/guc.h"

/* nachet.max_array_size, in kilobytes: the most bytes of pictures that one bytea[] may hold. */
extern int nachet_max_array_size;

/* nachet.allow_drop: whether DROP EXTENSION may take stored pictures along. */
extern bool nachet_allow_drop;

/* What is computed of bytes that are sent: flags. */
typedef enum NachetChecksum
{
	NACHET_CHECKSUM_SHA256 = 1,
	NACHET_CHECKSUM_MD5 = 2,
	NACHET_CHECKSUM_CRC64 = 4
} NachetChecksum;

extern char *nachet_object_store;             /* azure://CONTAINER or s3://BUCKET; "": none */
extern char *nachet_object_store_credentials; /* a file */
extern char *nachet_object_store_endpoint;    /* "": the store's own */
extern char *nachet_object_store_region;
extern bool nachet_object_store_path_style;
extern bool nachet_object_store_allow_http;
extern char *nachet_object_store_ca_file; /* "": the system's */
extern int nachet_object_store_connections;
extern int nachet_object_store_timeout;   /* milliseconds */
extern int nachet_object_store_part_size; /* kilobytes */
extern int nachet_object_store_keep;      /* seconds */

extern int nachet_object_store_checksum; /* a NachetChecksum, for Azure */

/* Those of the background workers. */
extern int nachet_object_store_naptime; /* seconds; 0: they move nothing */
extern char *nachet_object_store_databases;

/* nachet.verify_objects: how verify_contents looks at contents that have moved. */
typedef enum NachetVerifyObjects
{
	NACHET_VERIFY_OBJECTS_NOT,
	NACHET_VERIFY_OBJECTS_SIZE,
	NACHET_VERIFY_OBJECTS_READ
} NachetVerifyObjects;

extern int nachet_verify_objects;

/* Defines them, when the library is loaded. check_store judges nachet.object_store. */
extern void nachet_settings_define(GucStringCheckHook check_store);

#endif

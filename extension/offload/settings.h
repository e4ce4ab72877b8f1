/*
 * extension/offload/settings.h
 *		The settings of the object store. None holds a secret: any role can SHOW one.
 */
#ifndef NACHET_OBJECT_SETTINGS_H
#define NACHET_OBJECT_SETTINGS_H

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

/* What Azure is told of the bytes it is sent: a NachetChecksum. */
extern int nachet_object_store_checksum;

/* nachet.verify_objects: how verify_contents looks at contents that have moved. */
typedef enum NachetVerifyObjects
{
	NACHET_VERIFY_OBJECTS_NOT,
	NACHET_VERIFY_OBJECTS_SIZE,
	NACHET_VERIFY_OBJECTS_READ
} NachetVerifyObjects;

extern int nachet_verify_objects;

/* Defines them; called once, when the library is loaded. */
extern void nachet_object_settings_define(void);

#endif

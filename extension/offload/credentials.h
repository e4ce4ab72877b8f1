#ifndef NACHET_OFFLOAD_CREDENTIALS_H
#define NACHET_OFFLOAD_CREDENTIALS_H

#include "nodes/pg_list.h"

typedef struct NachetCredentials
{
	const char *path;
	List *names;  /* of char * */
	List *values; /* of char *, beside them */
} NachetCredentials;

/*
 * Reads lines of NAME=VALUE; blank lines and those that begin with '#' say nothing, and a value may
 * stand in quotes. Raises F0000 if the file can't be read, if others than its owner can read
 * it, or if a line is none of these; no error repeats what is in it.
 */
extern NachetCredentials *nachet_credentials_read(const char *path);

/* A value by its name, or NULL. */
extern const char *nachet_credentials_value(const NachetCredentials *credentials, const char *name);

/* The same; raises F0000 if it is not there. */
extern const char *nachet_credentials_require(const NachetCredentials *credentials,
                                              const char *name);

#endif

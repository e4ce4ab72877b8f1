#ifndef NACHET_HTTP_KEY_SHAPE_H
#define NACHET_HTTP_KEY_SHAPE_H

#include <stddef.h>

/* Content of a file that is public and not a secret. */
typedef struct NachetKeyShape
{
	const char *what;   /* "an OpenSSH public key" */
	const char *advice; /* how --jwt-key gets it: follows a semicolon */
} NachetKeyShape;

/* NULL if the bytes have none of these shapes. There is a NUL after the bytes. */
extern const NachetKeyShape *nachet_key_shape_find(const unsigned char *bytes, size_t length);

#endif

/*
 * loader/client/error.h
 *		What went wrong, as PostgreSQL told it, or as the client found it.
 *
 * A function that fails fills the NachetError it was given and logs nothing; whoever knows the
 * context logs once. The strings belong to the error and go with nachet_error_clear.
 */
#ifndef NACHET_CLIENT_ERROR_H
#define NACHET_CLIENT_ERROR_H

#include <stdbool.h>
#include <libpq-fe.h>

typedef struct NachetError
{
	bool set;
	bool unreachable;      /* no connection could be made, or it was lost */
	bool transient;        /* the same may go well when it is tried again later */
	unsigned wait_seconds; /* how long to wait before that at least, if somebody said so */
	char sqlstate[6];      /* "" where PostgreSQL had no part in it */
	char *message;         /* never NULL once set; no secret, no trailing newline */
	char *detail;          /* NULL if there is none */
	char *hint;            /* NULL if there is none */
} NachetError;

#define NACHET_ERROR_INIT                                                                          \
	{                                                                                              \
		0                                                                                          \
	}

extern void nachet_error_clear(NachetError *error);

/* Copies PostgreSQL's words: the result's, or if that is NULL or has none, the connection's. */
extern void nachet_error_from_postgres(NachetError *error, const PGconn *connection,
                                       const PGresult *result);

/* Sets unreachable and transient by the SQLSTATE; lost tells whether the connection is. */
extern void nachet_error_judge(NachetError *error, bool lost);

extern void nachet_error_set(NachetError *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

/*
 * http/request/respond.h
 *		Answers: JSON that the database made, and problem documents (RFC 9457).
 *
 * Each of them sets the request's answer if it has none yet, and does nothing otherwise.
 */
#ifndef NACHET_HTTP_RESPOND_H
#define NACHET_HTTP_RESPOND_H

typedef struct NachetError NachetError;
typedef struct NachetRequest NachetRequest;
typedef struct NachetText NachetText;

#define NACHET_RETRY_AFTER_SECONDS "5"

/* The document of a problem that nothing is to be said of but its detail. */
extern void nachet_respond_write_problem(NachetText *text, unsigned status, const char *detail);

extern void nachet_respond_json(NachetRequest *request, unsigned status, const char *json);
extern void nachet_respond_empty(NachetRequest *request, unsigned status);

/* The bytes of a word of the client's that a detail quotes. */
#define NACHET_QUOTED_BYTES 200

typedef struct NachetQuoted
{
	char text[NACHET_QUOTED_BYTES + sizeof("...")];
} NachetQuoted;

/*
 * The word as a detail quotes it: what is longer ends between two characters and with "...". The
 * macro's text lives as long as the block that it stands in.
 */
extern const char *nachet_respond_quote(NachetQuoted *quoted, const char *word);

#define NACHET_QUOTED(word) nachet_respond_quote(&(NachetQuoted){{0}}, word)

/*
 * The detail is a full sentence; code, hint and errors, a JSON array of the pictures that are
 * refused, may be NULL. A status of 503 has Retry-After, one of 405 the route's Allow.
 */
extern void nachet_respond_listed(NachetRequest *request, unsigned status, const char *code,
                                  const char *hint, const char *errors, const char *detail, ...)
    __attribute__((format(printf, 6, 7)));

#define nachet_respond_refusal(request, status, code, hint, ...)                                   \
	nachet_respond_listed(request, status, code, hint, NULL, __VA_ARGS__)

#define nachet_respond_problem(request, status, ...)                                               \
	nachet_respond_refusal(request, status, NULL, NULL, __VA_ARGS__)

/* A 415 that says what is taken: header is Accept or Accept-Encoding. */
extern void nachet_respond_unsupported(NachetRequest *request, const char *header,
                                       const char *taken, const char *detail);

/* Contents that a manifest names are not stored; missing: the JSON array of their SHA-256. */
extern void nachet_respond_missing(NachetRequest *request, const char *missing);

/* Contents were swept between their storing and their use: the client must send them again. */
extern void nachet_respond_swept(NachetRequest *request);

/*
 * A failure on the way to the disk is the service's own: the client may try again.
 * Clears the error.
 */
extern void nachet_respond_spool_failure(NachetRequest *request, NachetError *error);
extern void nachet_respond_out_of_memory(NachetRequest *request);

/* A refusal by the database, or on the way to it; bad_request is the status for class 22. */
extern void nachet_respond_error(NachetRequest *request, unsigned bad_request,
                                 const NachetError *error);

/*
 * The same with the pictures that it refused: a JSON array, and how many more there are; each may
 * be NULL.
 */
extern void nachet_respond_error_listed(NachetRequest *request, unsigned bad_request,
                                        const NachetError *error, const char *errors,
                                        const char *left_out);

#endif

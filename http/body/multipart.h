/*
 * http/body/multipart.h
 *
 * A strict push parser of multipart/form-data bodies: slices of any size go in, callbacks tell of
 * parts and their bytes. libc only; no thread of its own, no shared state, memory of one fixed
 * size.
 *
 * Rule: what is told depends on the bytes alone and never on how they were sliced. Where two
 * readers of the standards could understand a body differently it is refused, never guessed at or
 * cleaned; the decisions are listed at the top of multipart.c.
 */
#ifndef NACHET_HTTP_MULTIPART_H
#define NACHET_HTTP_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#define NACHET_BOUNDARY_MAX           128  /* RFC 2046 has 70; Java programs send 78 digits */
#define NACHET_MULTIPART_HEADER_MAX   8192 /* bytes of one part's header lines, with their CRLFs */
#define NACHET_MULTIPART_HEADER_LINES 16   /* header lines of one part */
#define NACHET_MULTIPART_PADDING_MAX  64   /* blanks after a boundary; line ends after the last */

typedef enum NachetMultipartStatus
{
	NACHET_MULTIPART_OK,        /* from feed: go on; from finish: the body is whole */
	NACHET_MULTIPART_STOPPED,   /* a callback returned false; the caller knows why */
	NACHET_MULTIPART_TOO_LARGE, /* a part's headers exceed a limit above */
	NACHET_MULTIPART_MALFORMED
} NachetMultipartStatus;

/*
 * A part's headers; all of it lives during part_begin only.
 *
 * Names are bytes: %22, %0D and %0A are decoded (so a name may hold CR or LF), everything else is
 * as sent, not checked to be UTF-8, and never holds a NUL. The strings are NUL-terminated as well.
 */
typedef struct NachetPart
{
	const char *name; /* may be empty */
	size_t name_length;
	const char *filename;     /* NULL: a field, not a file; empty: a browser's "no file selected" */
	size_t filename_length;   /* 0 if filename is NULL */
	const char *content_type; /* the header's value, well-formed; NULL if not given */
} NachetPart;

/*
 * Each part makes one part_begin, any number of part_data with at least one byte each, and, once
 * its end was seen, one part_end: a part is whole only then, and the body only when finish says OK.
 * The bytes belong to the slice being fed (or to the parser) and live during the call only.
 * Returning false stops for good. A callback must neither feed, finish nor free its parser.
 */
typedef struct NachetMultipartCallbacks
{
	bool (*part_begin)(void *context, const NachetPart *part);
	bool (*part_data)(void *context, const void *bytes, size_t length);
	bool (*part_end)(void *context);
} NachetMultipartCallbacks;

typedef struct NachetMultipart NachetMultipart;

/*
 * Read a request's Content-Type: multipart/form-data with exactly one legal boundary. False, with
 * boundary set to "", for anything else, NULL included.
 */
extern bool nachet_multipart_boundary(const char *content_type,
                                      char boundary[NACHET_BOUNDARY_MAX + 1]);

/*
 * A parser for one body; the caller frees it. The callbacks are copied, all three are required.
 * NULL if memory is short or the boundary is not a legal one.
 */
extern NachetMultipart *nachet_multipart_create(const char *boundary,
                                                const NachetMultipartCallbacks *callbacks,
                                                void *context);

/* Parse the next slice, which may be empty. A status other than OK is final and comes again. */
extern NachetMultipartStatus nachet_multipart_feed(NachetMultipart *parser, const void *bytes,
                                                   size_t length)
    __attribute__((warn_unused_result));

/* The body has ended: OK if the final boundary was seen and no callback or rule objected. */
extern NachetMultipartStatus nachet_multipart_finish(NachetMultipart *parser)
    __attribute__((warn_unused_result));

/*
 * Why the status is TOO_LARGE or MALFORMED: a static string, a full sentence for a problem's
 * detail. "" while it is OK or STOPPED.
 */
extern const char *nachet_multipart_reason(const NachetMultipart *parser);

/* NULL is allowed. Calls no callback. */
extern void nachet_multipart_free(NachetMultipart *parser);

#endif

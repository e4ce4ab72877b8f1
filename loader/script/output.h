#ifndef NACHET_LOADER_SCRIPT_OUTPUT_H
#define NACHET_LOADER_SCRIPT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NACHET_SCRIPT_OUTPUT_BYTES (256 * 1024)

/* Once a write has failed nothing more is written, and the rest may be called without harm. */
typedef struct NachetScriptOutput
{
	uint64_t bytes; /* in all */
	int failure;    /* the errno of the write that failed; 0 if all went well */
	size_t length;
	char buffer[NACHET_SCRIPT_OUTPUT_BYTES];
} NachetScriptOutput;

extern void nachet_script_output_init(NachetScriptOutput *output);

/* SQL as it stands. */
extern void nachet_script_output_sql(NachetScriptOutput *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A string constant, whatever standard_conforming_strings is. Valid UTF-8 only. */
extern void nachet_script_output_literal(NachetScriptOutput *output, const char *text);

/* A value of a text COPY. */
extern void nachet_script_output_text(NachetScriptOutput *output, const char *text);

/* A bytea of a text COPY, twice as long as its bytes. */
extern void nachet_script_output_bytea(NachetScriptOutput *output, const void *bytes,
                                       size_t length);

/* Writes what is still held; false if this or any write before it failed. */
extern bool nachet_script_output_flush(NachetScriptOutput *output)
    __attribute__((warn_unused_result));

#endif

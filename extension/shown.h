#ifndef NACHET_SHOWN_H
#define NACHET_SHOWN_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/* Appends a string: at most 200 bytes of it, with ? for each control character. */
extern void nachet_shown_append(StringInfo out, const char *bytes, int length);

/* The same, as a string. */
extern char *nachet_shown(const char *bytes, int length);

/* A value as JSON, shortened; of an array or object only that it is one. */
extern char *nachet_shown_json(const JsonbValue *value);

#endif

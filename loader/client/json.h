#ifndef NACHET_CLIENT_JSON_H
#define NACHET_CLIENT_JSON_H

#include <stdbool.h>
#include <stdint.h>

typedef struct NachetText NachetText;

/* NULL becomes null. */
extern void nachet_json_text(NachetText *line, const char *key, const char *value);
extern void nachet_json_number(NachetText *line, const char *key, uint64_t value);

/* With three decimals, and without the locale's help. */
extern void nachet_json_fraction(NachetText *line, const char *key, double value);
extern void nachet_json_bool(NachetText *line, const char *key, bool value);

#endif

/*
 * loader/client/json.c
 *		Members of a JSON object, each behind a comma: another one begins the object.
 */
#include <inttypes.h>
#include <string.h>

#include "loader/client/json.h"
#include "loader/client/text.h"

void
nachet_json_text(NachetText *line, const char *key, const char *value)
{
	nachet_text_format(line, ",\"%s\":%s", key, value == NULL ? "null" : "");
	if (value != NULL)
		nachet_text_json(line, value, strlen(value));
}

void
nachet_json_number(NachetText *line, const char *key, uint64_t value)
{
	nachet_text_format(line, ",\"%s\":%" PRIu64, key, value);
}

void
nachet_json_fraction(NachetText *line, const char *key, double value)
{
	uint64_t thousandths = value > 0 ? (uint64_t) (value * 1000 + 0.5) : 0;

	nachet_text_format(line, ",\"%s\":%" PRIu64 ".%03" PRIu64, key, thousandths / 1000,
	                   thousandths % 1000);
}

void
nachet_json_bool(NachetText *line, const char *key, bool value)
{
	nachet_text_format(line, ",\"%s\":%s", key, value ? "true" : "false");
}

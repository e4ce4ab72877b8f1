/*
 * extension/pure/json_text.h
 *		What can be told of a JSON text (RFC 8259) without parsing it.
 */
#ifndef NACHET_JSON_TEXT_H
#define NACHET_JSON_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* How many members the objects of a valid JSON text have, at all depths together, equal names counted each time. */
extern uint64_t nachet_json_text_members(const char *text, size_t length);

#endif

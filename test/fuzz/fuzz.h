/*
 * test/fuzz/fuzz.h
 *		What the fuzz targets share: libFuzzer's entry, and a claim that holds for every input or ends the run.
 *
 * Rule: a target is a pure function of its input, so that the input that libFuzzer writes down shows the fault again.
 */
#ifndef NACHET_TEST_FUZZ_H
#define NACHET_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The sanitizers' handlers turn the abort into a report with the input that led to it. */
#define CLAIM(condition)                                                                           \
	do                                                                                             \
	{                                                                                              \
		if (!(condition))                                                                          \
		{                                                                                          \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
			abort();                                                                               \
		}                                                                                          \
	} while (0)

/* Next of a sequence (xorshift64*) that the input alone decides; the state starts at fuzz_seed's. */
static inline uint64_t
fuzz_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545F4914F6CDD1D);
}

/* Never 0 (FNV-1a over the input). */
static inline uint64_t
fuzz_seed(const uint8_t *bytes, size_t size)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
	return hash | 1;
}

/*
 * A copy of the input's next text, which ends with a NUL or with the input: a block of exactly its size, which the
 * caller frees. "" once the input has ended.
 */
static inline char *
fuzz_text(const uint8_t **at, const uint8_t *end)
{
	size_t length = strnlen((const char *) *at, (size_t) (end - *at));
	char *text = strndup((const char *) *at, length);

	CLAIM(text != NULL);
	*at += length;
	*at += *at < end;
	return text;
}

#endif

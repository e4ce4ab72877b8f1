/*
 * test/pure/tap.h
 *		The Test Anything Protocol, as much as these tests need of it.
 *
 * Each test program includes this once and ends with "return tap_done();".
 */
#ifndef NACHET_TEST_TAP_H
#define NACHET_TEST_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_count;
static int tap_failures;

/* One test, named by a format; returns whether it passed. */
static inline bool __attribute__((format(printf, 2, 3))) ok(bool passed, const char *format, ...)
{
	va_list arguments;

	printf("%sok %d - ", passed ? "" : "not ", ++tap_count);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	if (!passed)
		tap_failures++;
	return passed;
}

/* A remark on what failed. */
static inline void __attribute__((format(printf, 1, 2))) diag(const char *format, ...)
{
	va_list arguments;

	printf("# ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

static inline int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures == 0 && tap_count > 0 ? 0 : 1;
}

#endif

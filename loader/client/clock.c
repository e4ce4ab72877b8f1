/*
 * loader/client/clock.c
 *		Time that no one sets.
 */
#include <time.h>

#include "loader/client/clock.h"

int64_t
nachet_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
nachet_clock_ms(void)
{
	return nachet_clock_us() / 1000;
}

void
nachet_clock_condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t clock;

	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &clock);
	pthread_condattr_destroy(&clock);
}

struct timespec
nachet_clock_after(int64_t milliseconds)
{
	int64_t then = nachet_clock_ms() + milliseconds;

	return (struct timespec){.tv_sec = then / 1000, .tv_nsec = then % 1000 * 1000000};
}

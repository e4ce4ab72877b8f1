#ifndef NACHET_CLIENT_CLOCK_H
#define NACHET_CLIENT_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* Microseconds and milliseconds of the monotonic clock. */
extern int64_t nachet_clock_us(void);
extern int64_t nachet_clock_ms(void);

/* A condition whose timed waits go by that clock. */
extern void nachet_clock_condition_init(pthread_cond_t *condition);

/* The same clock, so many milliseconds from now, as pthread_cond_timedwait takes it. */
extern struct timespec nachet_clock_after(int64_t milliseconds);

#endif

/*
 * http/routes/budget.c
 *		Memory that several threads share by the byte.
 *
 * One taker at a time waits for its bytes, the others for their turn: what comes free gathers for that one, so that
 * many small takers never keep a large one waiting for ever.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "loader/client/clock.h"
#include "http/routes/budget.h"

struct NachetBudget
{
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t free;
	bool claimed; /* somebody waits for free to grow */
};

NachetBudget *
nachet_budget_create(uint64_t bytes)
{
	NachetBudget *budget = calloc(1, sizeof(*budget));

	if (budget == NULL)
		return NULL;
	pthread_mutex_init(&budget->lock, NULL);
	nachet_clock_condition_init(&budget->changed);
	budget->free = bytes;
	return budget;
}

void
nachet_budget_free(NachetBudget *budget)
{
	if (budget == NULL)
		return;
	pthread_cond_destroy(&budget->changed);
	pthread_mutex_destroy(&budget->lock);
	free(budget);
}

/* With the lock held. */
static bool
take(NachetBudget *budget, uint64_t bytes, const struct timespec *limit)
{
	int waited = 0;

	while (budget->claimed && waited != ETIMEDOUT)
		waited = pthread_cond_timedwait(&budget->changed, &budget->lock, limit);
	if (budget->claimed)
		return false;
	budget->claimed = true;
	while (budget->free < bytes && waited != ETIMEDOUT)
		waited = pthread_cond_timedwait(&budget->changed, &budget->lock, limit);
	budget->claimed = false;
	pthread_cond_broadcast(&budget->changed);
	if (budget->free < bytes)
		return false;
	budget->free -= bytes;
	return true;
}

bool
nachet_budget_take(NachetBudget *budget, uint64_t bytes, unsigned wait)
{
	struct timespec limit = nachet_clock_after((int64_t) wait * 1000);
	bool taken;

	pthread_mutex_lock(&budget->lock);
	taken = take(budget, bytes, &limit);
	pthread_mutex_unlock(&budget->lock);
	return taken;
}

void
nachet_budget_give(NachetBudget *budget, uint64_t bytes)
{
	pthread_mutex_lock(&budget->lock);
	budget->free += bytes;
	pthread_cond_broadcast(&budget->changed);
	pthread_mutex_unlock(&budget->lock);
}

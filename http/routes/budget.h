/*
 * http/routes/budget.h
 *		Memory that several threads share by the byte.
 */
#ifndef NACHET_HTTP_BUDGET_H
#define NACHET_HTTP_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct NachetBudget NachetBudget;

/* NULL where memory ran out. */
extern NachetBudget *nachet_budget_create(uint64_t bytes);

/* Only when all was given back. NULL is allowed. */
extern void nachet_budget_free(NachetBudget *budget);

/* Takes bytes, at most all of the budget, waiting up to so many seconds for them; false where they did not come free. */
extern bool nachet_budget_take(NachetBudget *budget, uint64_t bytes, unsigned wait)
    __attribute__((warn_unused_result));

extern void nachet_budget_give(NachetBudget *budget, uint64_t bytes);

#endif

#ifndef NACHET_CASE_FOLDS_H
#define NACHET_CASE_FOLDS_H

#include <stdint.h>

/*
 * The character that stands for this one and those that differ from it in case alone. In UTF-8 it
 * is no longer.
 */
extern uint32_t nachet_case_fold(uint32_t character);

#endif

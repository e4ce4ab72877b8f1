/*
 * test/pure/case_folds_test.c
 *		Every character that is folded: prints it and the one that stands for it, for case_folds.t.
 */
#include "case_folds.h"

#include <stdio.h>

int
main(void)
{
	for (uint32_t character = 0; character < 0x110000; character++)
		if (nachet_case_fold(character) != character)
			printf("%04X %04X\n", (unsigned) character, (unsigned) nachet_case_fold(character));
	return 0;
}

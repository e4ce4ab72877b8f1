#ifndef NACHET_CONTENTS_ROW_CHECK_H
#define NACHET_CONTENTS_ROW_CHECK_H

#include "executor/tuptable.h"

/*
 * What is wrong with the layout of the row that a table's slot holds, or NULL if the row lies
 * within its page and every column within the row. Values are not judged. A row of damaged layout
 * must not be taken apart: its lengths lead anywhere.
 */
extern const char *nachet_row_check(TupleTableSlot *slot);

#endif

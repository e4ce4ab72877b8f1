#ifndef NACHET_LOADER_LIST_H
#define NACHET_LOADER_LIST_H

#include <stdbool.h>

#include "loader/files/entries.h"
#include "loader/session.h"

/* Reads the list that the options name; logs. False if it can't, or the run was interrupted. */
extern bool nachet_list_read(NachetSession *session, NachetEntries *entries)
    __attribute__((warn_unused_result));

#endif

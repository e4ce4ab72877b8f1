/*
 * loader/send/sink_copy.h
 *		Imports straight into the database: contents by COPY, sets by SQL.
 */
#ifndef NACHET_LOADER_SINK_COPY_H
#define NACHET_LOADER_SINK_COPY_H

#include "loader/session.h"
#include "loader/send/sink.h"

/* NULL if memory ran out. */
extern NachetSink *nachet_sink_copy_create(NachetSession *session);

#endif

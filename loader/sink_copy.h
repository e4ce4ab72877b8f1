/*
 * loader/sink_copy.h
 *		Imports straight into the database: contents by COPY, sets by SQL.
 */
#ifndef NACHET_LOADER_SINK_COPY_H
#define NACHET_LOADER_SINK_COPY_H

#include "session.h"
#include "sink.h"

/* NULL where memory ran out. */
extern NachetSink *nachet_sink_copy_create(NachetSession *session);

#endif

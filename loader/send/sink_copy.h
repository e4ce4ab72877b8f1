#ifndef NACHET_LOADER_SINK_COPY_H
#define NACHET_LOADER_SINK_COPY_H

#include "loader/session.h"
#include "loader/send/sink.h"

/* NULL if memory ran out. */
extern NachetSink *nachet_sink_copy_create(NachetSession *session);

#endif

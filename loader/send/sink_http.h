#ifndef NACHET_LOADER_SINK_HTTP_H
#define NACHET_LOADER_SINK_HTTP_H

#include "loader/session.h"
#include "loader/send/sink.h"

/* Call it before there are threads. NULL if memory ran out or libcurl lacks something. */
extern NachetSink *nachet_sink_http_create(NachetSession *session);

#endif

#ifndef NACHET_LOADER_SINK_HTTP_H
#define NACHET_LOADER_SINK_HTTP_H

#include "loader/session.h"
#include "loader/send/sink.h"

/*
 * To be called before there are threads. NULL if memory ran out or libcurl has none of what it
 * takes.
 */
extern NachetSink *nachet_sink_http_create(NachetSession *session);

#endif

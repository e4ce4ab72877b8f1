/*
 * http/ops/sockets.c
 *		The service's two sockets, its own and its operators', as the options say or as they were handed over.
 *
 * What was handed over goes before what the options say. Without authentication the service's own socket
 * must be private; its operators' need not be, since it tells nothing but counts.
 */
#include <stdio.h>

#include "http/ops/sockets.h"
#include "http/ops/systemd.h"
#include "http/options.h"

NachetListenOutcome
nachet_sockets_open(NachetSockets *sockets, const NachetHttpOptions *options)
{
	NachetListenWish service = {.option = "--listen",
	                            .address = options->listen,
	                            .scheme = options->tls_cert != NULL ? "https" : "http",
	                            .private = options->auth_kind == NACHET_AUTH_NONE};
	NachetListenWish admin = {
	    .option = "--admin-listen", .address = options->admin_listen, .scheme = "http"};
	NachetHandedOver handed_over;
	NachetListenOutcome outcome;

	sockets->service.socket = sockets->admin.socket = -1;
	if (!nachet_systemd_sockets(&handed_over))
		return NACHET_LISTEN_WRONG;
	if (!nachet_listen_read_mode(options->socket_mode, &service.mode))
	{
		fprintf(stderr,
		        "nachet-http: --socket-mode must be a mode such as 0600 or 0660, not '%s'\n",
		        options->socket_mode);
		return NACHET_LISTEN_WRONG;
	}
	admin.mode = service.mode;
	service.handed_over = handed_over.service;
	admin.handed_over = handed_over.admin;
	outcome = nachet_listen_open(&sockets->service, &service);
	if (outcome != NACHET_LISTEN_OPEN || (admin.address == NULL && admin.handed_over < 0))
		return outcome;
	outcome = nachet_listen_open(&sockets->admin, &admin);
	if (outcome != NACHET_LISTEN_OPEN)
		nachet_sockets_close(sockets);
	return outcome;
}

void
nachet_sockets_close(NachetSockets *sockets)
{
	nachet_listen_close(&sockets->service);
	nachet_listen_close(&sockets->admin);
}

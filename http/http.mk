# nachet-http. Flags and rules for compiling are those of loader/loader.mk.

CLIENT_CPPFLAGS += $(shell $(PKG_CONFIG) --cflags libmicrohttpd gnutls jansson)
HTTP_LIBS = $(shell $(PKG_CONFIG) --libs libmicrohttpd gnutls jansson) $(CLIENT_LIBS)
HTTP_OBJS = $(patsubst %.c,$(CLIENT_BUILD)/%.o,$(sort $(wildcard http/*.c)))

.PHONY: install-http uninstall-http clean-http

clients: http/nachet-http
install-clients: install-http
uninstall: uninstall-http
clean: clean-http

http/nachet-http: $(HTTP_OBJS) $(CLIENT_ARCHIVE)
	$(CC) $(CLIENT_CFLAGS) $(CLIENT_LDFLAGS) -o $@ $(HTTP_OBJS) $(CLIENT_ARCHIVE) $(HTTP_LIBS)

install-http: http/nachet-http
	install -d '$(DESTDIR)$(CLIENT_BINDIR)'
	install -m 755 http/nachet-http '$(DESTDIR)$(CLIENT_BINDIR)/nachet-http'

uninstall-http:
	rm -f '$(DESTDIR)$(CLIENT_BINDIR)/nachet-http'

clean-http:
	rm -f http/nachet-http

-include $(HTTP_OBJS:.o=.d)

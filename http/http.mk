# nachet-http. Flags and rules for compiling are those of loader/loader.mk.

CLIENT_CPPFLAGS += $(shell $(PKG_CONFIG) --cflags libmicrohttpd gnutls jansson)
HTTP_LIBS = $(shell $(PKG_CONFIG) --libs libmicrohttpd gnutls jansson) $(CLIENT_LIBS)
HTTP_OBJS = $(patsubst %.c,$(CLIENT_BUILD)/%.o,$(sort $(wildcard http/*.c http/*/*.c))) $(PAGE_SOURCE:.c=.o)

# The upload page is in the program: its files become arrays. The folder's own time tells when one was added or removed.
PAGE_SOURCE = $(CLIENT_BUILD)/http/page_files.c
PAGE_FILES = $(sort $(wildcard http/page/*.html http/page/*.css http/page/*.js http/page/*.svg))

.PHONY: install-http uninstall-http clean-http

clients: http/nachet-http
install-clients: install-http
uninstall: uninstall-http
clean: clean-http

http/nachet-http: $(HTTP_OBJS) $(CLIENT_ARCHIVE)
	$(CC) $(CLIENT_CFLAGS) $(CLIENT_LDFLAGS) -o $@ $(HTTP_OBJS) $(CLIENT_ARCHIVE) $(HTTP_LIBS)

$(PAGE_SOURCE): http/embed-page http/page $(PAGE_FILES)
	@mkdir -p $(@D)
	http/embed-page $(PAGE_FILES) > $@.new
	mv $@.new $@

$(PAGE_SOURCE:.c=.o): $(PAGE_SOURCE) $(CLIENT_BUILD)/flags
	$(CC) $(CLIENT_CFLAGS) $(CLIENT_CPPFLAGS) -Ihttp -MMD -MP -c -o $@ $<

install-http: http/nachet-http
	install -d '$(DESTDIR)$(CLIENT_BINDIR)'
	install -m 755 http/nachet-http '$(DESTDIR)$(CLIENT_BINDIR)/nachet-http'

uninstall-http:
	rm -f '$(DESTDIR)$(CLIENT_BINDIR)/nachet-http'

clean-http:
	rm -f http/nachet-http

-include $(HTTP_OBJS:.o=.d)

# nachet-load, and the client library that it shares with nachet-http.
#
# Everything that the clients compile goes to build/client/ with flags of its own: the module's objects of
# extension/pure lie beside their sources and carry the server's flags. Libraries come from pkg-config,
# never from PGXS, whose $(LIBS) drags in what only a server needs.

PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local
CLIENT_BINDIR ?= $(PREFIX)/bin

CLIENT_WARNINGS = $(WARNINGS) -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
	-Wformat=2
CLIENT_HARDENING = $(if $(SANITIZE)$(COVERAGE),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong -fPIE
CLIENT_SANITIZE = $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer) \
	$(COVERAGE_FLAGS)
CLIENT_CFLAGS = -std=gnu11 -O2 -g $(CLIENT_WARNINGS) $(CLIENT_HARDENING) $(CLIENT_SANITIZE) -pthread
CLIENT_CPPFLAGS = -D_GNU_SOURCE -DNACHET_VERSION='"$(EXTVERSION)"' -Iextension -I. \
	$(shell $(PKG_CONFIG) --cflags libpq libcrypto)
CLIENT_LDFLAGS = -pie -Wl,-z,relro,-z,now $(CLIENT_SANITIZE) -pthread
CLIENT_LIBS = $(shell $(PKG_CONFIG) --libs libpq libcrypto)
LOADER_LIBS = $(shell $(PKG_CONFIG) --libs libcurl jansson)

CLIENT_BUILD = build/client
CLIENT_ARCHIVE = build/libnachet-client.a
CLIENT_OBJS = $(patsubst %.c,$(CLIENT_BUILD)/%.o,$(sort $(wildcard loader/client/*.c extension/pure/*.c)))
LOADER_OBJS = $(patsubst %.c,$(CLIENT_BUILD)/%.o,$(sort $(filter-out loader/client/%,$(wildcard loader/*.c loader/*/*.c))))

.PHONY: clients install-clients install-loader uninstall-loader clean-loader client-flags

clients: loader/nachet-load
install-clients: install-loader
uninstall: uninstall-loader
clean: clean-loader

loader/nachet-load: $(LOADER_OBJS) $(CLIENT_ARCHIVE)
	$(CC) $(CLIENT_CFLAGS) $(CLIENT_LDFLAGS) -o $@ $(LOADER_OBJS) $(CLIENT_ARCHIVE) $(CLIENT_LIBS) $(LOADER_LIBS)

$(CLIENT_ARCHIVE): $(CLIENT_OBJS)
	rm -f $@
	ar rcs $@ $(CLIENT_OBJS)

# For every source of the clients, those of http/ too.
$(CLIENT_BUILD)/%.o: %.c $(CLIENT_BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CLIENT_CFLAGS) $(CLIENT_CPPFLAGS) -MMD -MP -c -o $@ $<

# Changes when the compiler or its flags do, so that `make SANITIZE=address,undefined` builds anew.
$(CLIENT_BUILD)/flags: client-flags
	@mkdir -p $(@D)
	@echo "$(subst ",,$(CC) $(CLIENT_CFLAGS) $(CLIENT_CPPFLAGS))" | cmp -s - $@ || \
		echo "$(subst ",,$(CC) $(CLIENT_CFLAGS) $(CLIENT_CPPFLAGS))" > $@

install-loader: loader/nachet-load
	install -d '$(DESTDIR)$(CLIENT_BINDIR)'
	install -m 755 loader/nachet-load '$(DESTDIR)$(CLIENT_BINDIR)/nachet-load'

uninstall-loader:
	rm -f '$(DESTDIR)$(CLIENT_BINDIR)/nachet-load'

clean-loader:
	rm -rf loader/nachet-load $(CLIENT_ARCHIVE) $(CLIENT_BUILD)

-include $(CLIENT_OBJS:.o=.d) $(LOADER_OBJS:.o=.d)

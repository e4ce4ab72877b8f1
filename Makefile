# nachet-datastore: the extension by PGXS, the two clients by plain rules, and the commands of the README.

EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" extension/nachet_datastore.control)

# --- the extension ---------------------------------------------------------------------------------
MODULE_big = nachet_datastore
EXTENSION = extension/nachet_datastore
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard extension/*.c extension/*/*.c)))
SQL_SCRIPT = sql/nachet_datastore--$(EXTVERSION).sql
SQL_PARTS = $(sort $(wildcard sql/install/[0-9][0-9]-*.sql))
DATA_built = $(SQL_SCRIPT)
# Released install scripts, and those that lead on from them: CREATE EXTENSION ... VERSION, ALTER EXTENSION ... UPDATE.
DATA = $(wildcard sql/upgrade/nachet_datastore--*.sql)
EXTRA_CLEAN = build

# `make installcheck`: the installed extension on a server that runs; PGHOST and the like name it.
REGRESS = nachet_datastore
REGRESS_OPTS = --inputdir=test/installcheck --outputdir=build/installcheck --encoding=UTF8 --no-locale
REGRESS_PREP = build/installcheck

WARNINGS = -Wall -Wextra -Wvla -Wshadow $(if $(WERROR),-Werror)
PG_CPPFLAGS = -Iextension -DNACHET_VERSION='"$(EXTVERSION)"' $(shell pkg-config --cflags libcurl 2>/dev/null)
SHLIB_LINK = $(shell pkg-config --libs libcurl 2>/dev/null)
PG_CFLAGS = $(WARNINGS) -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers \
	-Wno-declaration-after-statement $(MODULE_SANITIZE)
# `make SANITIZE=address,undefined`: of the two the server can load only the second.
MODULE_SANITIZE = $(if $(SANITIZE),-fsanitize=undefined -fno-sanitize-recover=all) $(COVERAGE_FLAGS)
SHLIB_LINK += $(MODULE_SANITIZE)
# `make COVERAGE=1`: counts which lines and branches run, for `make coverage`.
COVERAGE_FLAGS = $(if $(COVERAGE),--coverage -fprofile-update=atomic -O0)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifneq ($(wildcard $(PGXS)),)
# Debian's server was built with LLVM; nothing here gains from being inlined into JIT code.
override with_llvm := no
include $(PGXS)
# PGXS follows no headers where the server was built without --enable-depend.
$(OBJS): $(wildcard extension/*.h extension/*/*.h)
else
all install clean:
	@echo "PostgreSQL's server headers (PGXS) are not there: run 'make deps' first" >&2; exit 1
endif

# --- the clients, and the commands -------------------------------------------------------------------
include loader/loader.mk
include http/http.mk
include test/test.mk
include tools/tools.mk

all: clients
install: install-clients

build/installcheck:
	mkdir -p $@

$(SQL_SCRIPT): $(SQL_PARTS) extension/nachet_datastore.control
	cat $(SQL_PARTS) > $@

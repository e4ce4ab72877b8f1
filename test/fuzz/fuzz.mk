# test/fuzz/fuzz.mk: make fuzz, the parsers that read what strangers send under libFuzzer, ASan and UBSan.
#
#   make fuzz [FUZZ_SECONDS=60] [FUZZ_JOBS=2] [FUZZ='multipart texts']    each target for so long, so many at once
#
# What is found grows in var/fuzz; an input that breaks a claim is written there, and becomes a unit test.

FUZZ_CC = clang
FUZZ_CFLAGS = -std=gnu11 -O1 -g -D_GNU_SOURCE -Wall -Wextra -Werror -fno-omit-frame-pointer \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Iextension -I.
FUZZ_PURE = $(sort $(wildcard extension/pure/*.c))
FUZZ_TARGETS = $(patsubst test/fuzz/%_fuzz.c,%,$(sort $(wildcard test/fuzz/*_fuzz.c)))

.PHONY: fuzz fuzz-programs clean-fuzz

fuzz:
	tools/deps build fuzz
	$(MAKE) -s --no-print-directory fuzz-programs
	test/fuzz/run $(FUZZ)

fuzz-programs: $(FUZZ_TARGETS:%=build/fuzz/%)

# What each target is made of, beside extension/pure.
FUZZ_OPTION_TABLE = loader/client/option_table.c loader/client/datastore.c loader/client/statement.c loader/client/error.c loader/client/array.c loader/client/text.c
build/fuzz/answers: loader/service/answer.c loader/client/error.c loader/client/text.c
build/fuzz/choice: loader/files/choice.c
build/fuzz/fields: http/routes/fields.c loader/client/text.c loader/client/array.c
build/fuzz/headers: http/body/mime.c http/request/origin.c http/request/request_id.c
build/fuzz/list: loader/files/list.c loader/files/entries.c loader/client/text.c
build/fuzz/log: http/request/access_log.c http/ops/log.c loader/client/json.c loader/client/text.c loader/client/clock.c
build/fuzz/log: FUZZ_MORE = -Dwrite=fuzz_write
build/fuzz/multipart: test/fuzz/multipart_reading.c http/body/multipart.c http/body/mime.c
build/fuzz/networks: http/auth/networks.c $(FUZZ_OPTION_TABLE)
build/fuzz/options: loader/options.c loader/files/choice.c loader/service/url.c $(FUZZ_OPTION_TABLE)
build/fuzz/options: FUZZ_MORE = -DNACHET_VERSION='"$(EXTVERSION)"'
build/fuzz/picture_list: http/routes/picture_list.c http/body/encoded_name.c http/body/spool.c loader/client/text.c loader/client/array.c \
	loader/client/error.c extension/pure/hex.c
build/fuzz/texts: loader/client/text.c
build/fuzz/tokens: http/auth/jwt.c loader/client/text.c
build/fuzz/urls: loader/service/url.c

# The linker leaves out those that a target has no use for.
FUZZ_LIBS = -Wl,--as-needed $(shell $(PKG_CONFIG) --cflags --libs libpq libcurl jansson libmicrohttpd gnutls)

build/fuzz/%: test/fuzz/%_fuzz.c $(FUZZ_PURE) $(wildcard test/fuzz/*.h http/*.h http/*/*.h loader/*.h loader/*/*.h extension/pure/*.h)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -o $@ $(filter %.c,$^) $(FUZZ_MORE) $(FUZZ_LIBS)

clean: clean-fuzz
clean-fuzz:
	rm -rf build/fuzz

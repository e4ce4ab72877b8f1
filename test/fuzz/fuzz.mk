# test/fuzz/fuzz.mk: make fuzz, the parsers that read what strangers send under libFuzzer, ASan and UBSan.
#
#   make fuzz [FUZZ_SECONDS=60] [FUZZ=multipart]      each target for so long; FUZZ names one of them
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
build/fuzz/multipart: test/fuzz/multipart_reading.c http/multipart.c http/mime.c
build/fuzz/texts: http/text.c
build/fuzz/fields: http/fields.c http/text.c loader/client/array.c
build/fuzz/tokens: http/jwt.c http/base64url.c http/identity.c http/auth_token.c
build/fuzz/tokens: FUZZ_LIBS = $(shell $(PKG_CONFIG) --cflags libpq libmicrohttpd) $(shell $(PKG_CONFIG) --cflags --libs jansson)

build/fuzz/%: test/fuzz/%_fuzz.c $(FUZZ_PURE) $(wildcard test/fuzz/*.h http/*.h extension/pure/*.h)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -o $@ $(filter %.c,$^) $(FUZZ_LIBS)

clean: clean-fuzz
clean-fuzz:
	rm -rf build/fuzz

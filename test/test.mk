# test/test.mk: the tests, and the checks of the source.

.PHONY: check run-check check-sanitized lint format

# All tests, in one run; TESTS='test/http test/pgtap/020-users.sql' runs those alone.
check: run-check

# PGXS has a recipe for `check`, which says that there is none; a second one would make every make warn. So ours hangs
# before it, and PGXS's is run by a shell that does nothing.
check: private SHELL = /bin/true

run-check:
	tools/deps build check fuzz
	tools/node-packages
	$(MAKE) -s --no-print-directory all WERROR=1
	$(ROOT_MAKE) -s install $(INSTALL_ARGS) WERROR=1
	test/run $(TESTS)

# The same tests with all of our code under ASan and UBSan, and the service's under TSan.
check-sanitized:
	tools/deps build check
	tools/node-packages
	test/sanitized address,undefined test/pgtap test/extension test/loader test/http
	test/sanitized thread test/http

lint:
	tools/deps build lint
	tools/lint

format:
	tools/deps lint
	git ls-files -co --exclude-standard -- '*.c' '*.h' | xargs clang-format -i

include test/bench/bench.mk
include test/fuzz/fuzz.mk

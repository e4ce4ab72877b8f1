# test/test.mk: the tests, and the checks of the source.

.PHONY: check run-check check-sanitized check-long coverage lint format

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

# The same tests for hours rather than minutes, then the extension's under valgrind. What is long can be set for itself:
#   FUZZ_SECONDS (600)          for each fuzz target
#   NACHET_TEST_KILLS (400)     who is killed, test/crash/010_kills.t
#   NACHET_RACE_ROUNDS (200)    races of each kind, test/extension/010_concurrency.t
#   NACHET_TEST_ROUNDS          bits flipped (60), kills of the loader and of an offloading backend (50 each), statements (5,000) and
#                               requests (20,000) and calls that are cut off (20,000) at random: where it is set, it goes for all of these, so set it for one test alone (TESTS='...')
#   NACHET_TEST_PICTURES (600)  in the set that a killed loader imports
#   NACHET_TEST_SEED            repeats what a run has drawn, and printed
check-long: export NACHET_LONG = 1
check-long: run-check
	test/valgrind

# Which lines and branches of the product run in the tests: at least 95% and 85%. TESTS='...' counts those alone.
coverage:
	tools/deps build check coverage
	tools/node-packages
	test/coverage $(TESTS)

lint:
	tools/deps build lint
	tools/lint

format:
	tools/deps lint
	git ls-files -co --exclude-standard -- '*.c' '*.h' | xargs clang-format -i

include test/bench/bench.mk
include test/fuzz/fuzz.mk

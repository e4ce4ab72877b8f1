#!/bin/sh
# test/pure/compile-and-run.sh
#		Compiles one test of the pure code with the sanitizers and runs it: what each .t here does.
#
# usage: compile-and-run.sh NAME   (for test/pure/NAME_test.c; CC and CFLAGS are respected)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# With COVERAGE_DIR, of test/coverage, the branches that run are counted there: those of the source, without the sanitizers'.
if [ -n "${COVERAGE_DIR:-}" ]; then
	build=$(mktemp -d -p "$COVERAGE_DIR")
	CFLAGS='-O0 --coverage'
	SANITIZE=''
else
	build=$(mktemp -d)
	trap 'rm -rf "$build"' EXIT
fi

# shellcheck disable=SC2086 # flags are words
${CC:-cc} ${CFLAGS:--g -O1} -std=gnu11 -Wall -Wextra -Wvla -Wshadow -Werror \
	${SANITIZE--fsanitize=address,undefined -fno-sanitize-recover=all} \
	-I"$here/../../extension/pure" -I"$here" \
	"$here/$1_test.c" "$here"/../../extension/pure/*.c -o "$build/test"
"$build/test" "$here"

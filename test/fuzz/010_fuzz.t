#!/bin/sh
# test/fuzz/010_fuzz.t: the fuzz targets, each for a short while; `make fuzz` runs them longer.
cd "$(dirname "$0")/../.." || exit 1
if ! make -s --no-print-directory fuzz-programs >&2; then
	echo 'Bail out! the fuzz targets do not compile'
	exit 1
fi
count=0
for source in test/fuzz/*_fuzz.c; do
	target=$(basename "$source" _fuzz.c)
	count=$((count + 1))
	if told=$(FUZZ_SECONDS=${FUZZ_SECONDS:-20} test/fuzz/run "$target"); then
		echo "ok $count - $told"
	else
		echo "not ok $count - $target"
	fi
done
echo "1..$count"

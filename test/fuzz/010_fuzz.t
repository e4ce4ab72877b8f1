#!/bin/sh
# test/fuzz/010_fuzz.t: the fuzz targets, each for a minute (FUZZ_SECONDS); `make check-long` and `make fuzz` run them longer.
#
# Rule: they take what the other tests leave of the processors, two for each, so that those are hardly slower for it.
cd "$(dirname "$0")/../.." || exit 1
if ! make -s --no-print-directory fuzz-programs >&2; then
	echo 'Bail out! the fuzz targets do not compile'
	exit 1
fi
seconds=60
if [ -n "${NACHET_LONG:-}" ]; then seconds=600; fi
told=$(FUZZ_SECONDS=${FUZZ_SECONDS:-$seconds} FUZZ_JOBS=${FUZZ_JOBS:-$(($(nproc) * 2))} nice -n 19 test/fuzz/run)
count=0
for source in test/fuzz/*_fuzz.c; do
	target=$(basename "$source" _fuzz.c)
	count=$((count + 1))
	if line=$(echo "$told" | grep "^$target: "); then
		echo "ok $count - $line"
	else
		echo "not ok $count - $target"
	fi
done
echo "1..$count"

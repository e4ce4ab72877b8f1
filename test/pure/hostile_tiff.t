#!/bin/sh
# test/pure/hostile_tiff.t: hand-made TIFF, classic and BigTIFF, whose one picture lies, overflows or is odd.
exec sh "$(dirname "$0")/compile-and-run.sh" hostile_tiff

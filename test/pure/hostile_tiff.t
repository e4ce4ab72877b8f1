#!/bin/sh
# test/pure/hostile_tiff.t: hand-made TIFF, classic and BigTIFF, that lie, loop, overflow or are
# odd.
exec sh "$(dirname "$0")/compile-and-run.sh" hostile_tiff

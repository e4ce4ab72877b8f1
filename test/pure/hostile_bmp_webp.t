#!/bin/sh
# test/pure/hostile_bmp_webp.t: hand-made BMP and WebP that lie, overflow or are odd.
exec sh "$(dirname "$0")/compile-and-run.sh" hostile_bmp_webp

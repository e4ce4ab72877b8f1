#!/bin/sh
# test/pure/hostile_jpeg.t: hand-made JPEG that lie, loop or are odd.
exec sh "$(dirname "$0")/compile-and-run.sh" hostile_jpeg

#!/bin/sh
# test/pure/hostile_png.t: hand-made PNG that lie, loop or are odd.
exec sh "$(dirname "$0")/compile-and-run.sh" hostile_png

#!/bin/sh
# test/pure/hostile_gif.t: hand-made GIF that lie, loop or are odd.
exec sh "$(dirname "$0")/compile-and-run.sh" hostile_gif

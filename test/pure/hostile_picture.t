#!/bin/sh
# test/pure/hostile_picture.t: hand-made bytes that are no picture, or of a format that is refused.
exec sh "$(dirname "$0")/compile-and-run.sh" hostile_picture

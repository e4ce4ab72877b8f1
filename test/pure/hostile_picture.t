#!/bin/sh
# test/pure/hostile_picture.t: hand-made bytes that are no picture, and JPEG, PNG and GIF that lie,
# loop or are odd.
exec sh "$(dirname "$0")/compile-and-run.sh" hostile_picture

#!/bin/sh
# test/pure/hostile_tiff_pages.t: hand-made TIFF of several pictures: loops, thumbnails, raw files, stacks.
exec sh "$(dirname "$0")/compile-and-run.sh" hostile_tiff_pages

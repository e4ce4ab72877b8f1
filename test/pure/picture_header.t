#!/bin/sh
# test/pure/picture_header.t: true files of every format, by independent encoders: read whole, cut
# short, unreadable, changed.
exec sh "$(dirname "$0")/compile-and-run.sh" picture_header

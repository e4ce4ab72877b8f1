#!/bin/sh
# test/pure/names.t: which names a picture may have, UTF-8, and what desktops leave in folders.
exec sh "$(dirname "$0")/compile-and-run.sh" names

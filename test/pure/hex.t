#!/bin/sh
# test/pure/hex.t: hexadecimal digits: there and back, and what is none.
exec sh "$(dirname "$0")/compile-and-run.sh" hex

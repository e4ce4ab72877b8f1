#!/bin/sh
# test/pure/png_crcs.t: the CRCs of a PNG whose bytes pass by: right only if it is whole, however
# the bytes are cut.
exec sh "$(dirname "$0")/compile-and-run.sh" png_crcs

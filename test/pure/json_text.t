#!/bin/sh
# test/pure/json_text.t: what a JSON text holds, counted by its punctuation.
exec sh "$(dirname "$0")/compile-and-run.sh" json_text

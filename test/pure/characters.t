#!/bin/sh
# test/pure/characters.t: blanks and invisible characters in names, and the form by which names are
# compared.
exec sh "$(dirname "$0")/compile-and-run.sh" characters

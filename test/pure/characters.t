#!/bin/sh
exec sh "$(dirname "$0")/compile-and-run.sh" characters

#!/bin/sh
exec sh "$(dirname "$0")/compile-and-run.sh" png_crcs

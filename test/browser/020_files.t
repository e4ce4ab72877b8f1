#!/bin/sh
# test/browser/020_files.t: what is chosen or dropped: nested folders, files that are no pictures,
# two thousand of them.
exec test/browser/run files.js

#!/bin/sh
# test/browser/010_session.t: a whole upload session, in both languages, by hand, by keyboard alone,
# by strangers.
exec test/browser/run session.js

#!/bin/sh
# test/browser/050_accessible.t: every state of the page in both languages, light and dark, wide and
# narrow.
exec test/browser/run accessible.js

#!/bin/sh
# test/browser/030_survival.t: uploads whose service or database goes away, that are cancelled, or
# whose page is left.
exec test/browser/run survival.js

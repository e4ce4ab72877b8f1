#!/bin/sh
exec test/browser/run files.js

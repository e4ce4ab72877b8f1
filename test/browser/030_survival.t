#!/bin/sh
exec test/browser/run survival.js

#!/bin/sh
exec test/browser/run accessible.js

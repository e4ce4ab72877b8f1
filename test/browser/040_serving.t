#!/bin/sh
exec test/browser/run serving.js

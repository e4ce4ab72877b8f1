#!/bin/sh
exec test/browser/run session.js

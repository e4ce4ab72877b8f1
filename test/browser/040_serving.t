#!/bin/sh
# test/browser/040_serving.t: how the page is served: headers, caching, weight, a path prefix, and
# who is signed in.
exec test/browser/run serving.js

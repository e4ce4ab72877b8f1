#!/bin/sh
# test/pure/crc.t: CRC-64/NVME and CRC-32: known values, the same however the bytes are cut, and
# from any thread.
exec sh "$(dirname "$0")/compile-and-run.sh" crc

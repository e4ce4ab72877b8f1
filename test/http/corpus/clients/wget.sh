#!/bin/bash
# wget, which sends a body that a script has made: wget.sh URL post-file|body-file NAME...
set -eu
url=$1 variant=$2
shift 2
body=$(mktemp)
trap 'rm -f "$body"' EXIT
boundary=----FormBoundary$RANDOM$RANDOM

begin() { printf -- '--%s\r\nContent-Disposition: form-data; name="%s"' "$boundary" "$1"; }
field() { begin "$1"; printf '\r\n\r\n%s\r\n' "$2"; }

{
	field email someone@example.org
	field seed_name 'Brassica napus'
	field zoom_level 20
	field nb_seeds 5
	field name 'Séance 7'
	for name; do
		begin pictures
		printf '; filename="%s"\r\nContent-Type: image/png\r\n\r\n' "${name//\"/%22}"
		cat "$name"
		printf '\r\n'
	done
	printf -- '--%s--\r\n' "$boundary"
} > "$body"
case $variant in
	post-file) set -- --post-file="$body" ;;
	body-file) set -- --method=POST --body-file="$body" ;;
esac
wget -q -O /dev/null --header="Content-Type: multipart/form-data; boundary=$boundary" "$@" "$url"
wget --version | sed -n 's/^GNU Wget \([^ ]*\).*/\1/p'

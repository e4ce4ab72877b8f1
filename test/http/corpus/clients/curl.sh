#!/bin/bash
# curl -F: curl.sh URL filename|form-escape|base-names NAME...
set -eu
url=$1 variant=$2
shift 2
form=(-F email=someone@example.org -F 'seed_name=Brassica napus' -F zoom_level=20 -F nb_seeds=5
	-F 'name=Séance 7')
if [ "$variant" = form-escape ]; then form+=(--form-escape); fi
for name; do
	quoted=\"${name//\"/\\\"}\" # for -F, which takes the quotes and backslashes away
	if [ "$variant" = base-names ]; then
		form+=(-F "pictures=@$quoted")
	else
		form+=(-F "pictures=@$quoted;filename=$quoted")
	fi
done
curl -sS -o /dev/null "${form[@]}" "$url"
curl --version | sed -n 's/^curl \([^ ]*\).*/\1/p'

#!/usr/bin/python3
"""httpx: python_httpx.py URL VARIANT NAME..."""
import sys

import httpx

url, _, *names = sys.argv[1:]
fields = {
    "email": "someone@example.org",
    "seed_name": "Brassica napus",
    "zoom_level": "20",
    "nb_seeds": "5",
    "name": "Séance 7",
}
files = [("pictures", (name, open(name, "rb"), "image/png")) for name in names]
httpx.post(url, data=fields, files=files)
print(httpx.__version__)

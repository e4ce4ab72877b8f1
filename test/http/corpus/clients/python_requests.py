#!/usr/bin/python3
"""requests: python_requests.py URL VARIANT NAME..."""
import sys

import requests

url, _, *names = sys.argv[1:]
fields = {
    "email": "someone@example.org",
    "seed_name": "Brassica napus",
    "zoom_level": "20",
    "nb_seeds": "5",
    "name": "Séance 7",
}
files = [("pictures", (name, open(name, "rb"), "image/png")) for name in names]
requests.post(url, data=fields, files=files)
print(requests.__version__)

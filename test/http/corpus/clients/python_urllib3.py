#!/usr/bin/python3
"""urllib3: python_urllib3.py URL VARIANT NAME..."""
import sys

import urllib3

url, _, *names = sys.argv[1:]
fields = [
    ("email", "someone@example.org"),
    ("seed_name", "Brassica napus"),
    ("zoom_level", "20"),
    ("nb_seeds", "5"),
    ("name", "Séance 7"),
]
files = [("pictures", (name, open(name, "rb").read(), "image/png")) for name in names]
urllib3.PoolManager().request("POST", url, fields=fields + files)
print(urllib3.__version__)

#!/usr/bin/python3
"""aiohttp: python_aiohttp.py URL default|unquoted NAME..."""
import asyncio
import sys

import aiohttp

url, variant, *names = sys.argv[1:]


async def post():
    form = aiohttp.FormData(quote_fields=variant == "default")
    form.add_field("email", "someone@example.org")
    form.add_field("seed_name", "Brassica napus")
    form.add_field("zoom_level", "20")
    form.add_field("nb_seeds", "5")
    form.add_field("name", "Séance 7")
    for name in names:
        form.add_field("pictures", open(name, "rb"), filename=name, content_type="image/png")
    async with aiohttp.ClientSession() as session:
        await session.post(url, data=form)


asyncio.run(post())
print(aiohttp.__version__)

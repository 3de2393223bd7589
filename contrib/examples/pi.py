#!/usr/bin/env python3
#CLUSTRIX cores=1
#CLUSTRIX memory=256MB
#CLUSTRIX time=2m
"""Any language will do: what counts is the first line. Directives stand before the first code."""

import json
import random

draw = random.Random(42)
tries = 200_000
inside = sum(draw.random() ** 2 + draw.random() ** 2 <= 1 for _ in range(tries))
with open("result.json", "w", encoding="ascii") as f:
    json.dump({"tries": tries, "pi": 4 * inside / tries}, f)
print("pi is about", 4 * inside / tries)

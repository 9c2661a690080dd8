"""How fast: the server on one core, the load on the other, ratios in one run. `bin/bench` runs it."""

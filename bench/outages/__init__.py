"""How soon an outage is noticed from reports of users, how rarely a false alarm rings: `python -m bench outages`."""

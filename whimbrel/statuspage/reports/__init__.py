"""Outage reports: what people say who have trouble, with the watched service or any other, and what that adds up to."""

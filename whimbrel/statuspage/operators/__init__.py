"""The people who run the status page: how they get in, and everything that they can do."""

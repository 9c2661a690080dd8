"""The product: accounts, posts, the graph between them, and the home timeline."""

"""The board: which state each component is in, since when, and how it has been day by day."""

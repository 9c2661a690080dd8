"""The status program's own file: what it has seen, what it was told, what it has said, in an order that shows edits."""

"""What breaks when it is broken on purpose, and what was lost: `bin/drill`."""

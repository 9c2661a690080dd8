"""Where bytes rest or travel. Named by wiring.py only."""

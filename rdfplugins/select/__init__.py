"""The stage ``select``: samples through nodes, cuts and definitions to trees, one event loop a sample."""

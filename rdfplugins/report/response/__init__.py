"""How good estimates are: the part ``response`` of a report, from the trees of the stages ``select`` and ``ml``."""

"""``python -m rdfplugins.cli`` is ``rdfrun``."""

from rdfplugins.cli import main

main()

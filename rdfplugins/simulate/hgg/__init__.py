"""H -> gamma gamma, its background, and data, in the formats of the ATLAS Open Data."""

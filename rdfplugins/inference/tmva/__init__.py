"""Weight files of TMVA: read without TMVA, and evaluated in batches or in the graph."""

"""Ways to evaluate a model batch by batch, one module each; `rdfplugins.inference.model` chooses among them."""

"""The graph of a sample: what the steps of a config make of a data frame, and what its loop fills."""

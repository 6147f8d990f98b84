"""What is settled of a sample before its event loop: files, schema, normalisation, events that come twice."""

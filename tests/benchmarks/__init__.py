"""The diphoton chain against rivals that do the same work, in CPU seconds of one run."""

"""One rule a file. None knows another, and none knows where it is run."""

"""The command line. One file per verb; everything heavy is imported inside the verbs."""

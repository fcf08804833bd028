"""What pipelines need beside the commands: comments, outputs, summaries, trust between parties."""

"""One ``declare`` per technology. Importing a module here imports pulumi_aws (see ``preload``)."""

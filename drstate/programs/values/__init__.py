"""The values that a technology's declaration has at a site: pure, so that planning can ask."""

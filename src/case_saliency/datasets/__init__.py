"""Images: where they come from, how a sample is drawn, how they are decoded and prepared."""

"""The claims of the paper, and what this study's tables say of each."""

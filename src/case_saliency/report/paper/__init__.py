"""The paper's own tables, and ours in their layout."""

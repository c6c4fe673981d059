"""What the analyses say, in sentences: every number is read from a table, every judgement follows a stated rule."""

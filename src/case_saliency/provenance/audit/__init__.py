"""From a file back to everything it was made from, with a verdict for each step.

`evidence` reads, `judge` decides and touches no file, `text` and `picture` show.
"""

"""Where a result comes from: the code a stage can reach, and the record of a run."""

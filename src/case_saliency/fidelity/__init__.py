"""RQ2: does the network's confidence fall when the pixels that a map calls important are taken away."""

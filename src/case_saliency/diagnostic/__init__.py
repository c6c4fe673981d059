"""RQ1: how much of a saliency map stays when the class changes."""

"""Networks: their names, weights, target layers and predictions."""

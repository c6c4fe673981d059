"""Tests, intervals and tables on per-image scores. Knows nothing of networks or plots."""

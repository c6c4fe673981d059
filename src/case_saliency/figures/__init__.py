"""Arrays or tables to matplotlib figures. A figure shows the numbers it is given and never computes a statistic."""

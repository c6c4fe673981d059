"""The report: one HTML page that needs no network, made from tables and finished figures."""

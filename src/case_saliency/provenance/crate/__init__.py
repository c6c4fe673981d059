"""The records as standards of the field: a Provenance Run Crate (RO-Crate), and W3C PROV.

`describe` makes the crate, `entities` its files and parameters, `actions` its runs, `prov` the PROV document.
"""

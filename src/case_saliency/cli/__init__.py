"""The command line: one module for each stage. Parse, load, call the core, save; no science here."""

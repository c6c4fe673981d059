"""What the documentation site adds to the pages of docs/: hooks of mkdocs, named in mkdocs.yml."""

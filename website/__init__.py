"""The site of the documentation: `nox -s docs` makes it of the Markdown files, and checks what it made."""

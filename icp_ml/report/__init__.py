"""Draw facts as HTML, Markdown and JSON."""

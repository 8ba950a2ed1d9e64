"""Reports: one typed body of data, printed as HTML (one file, no network), Markdown or JSON."""

"""A network as others read it: files for maps and graphs, rows for people, a drawing."""

"""What becomes of each op and each projection: explicit tables, one module for each kind."""

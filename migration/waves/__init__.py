"""Planning of waves: which group of servers moves in which night, with a proven gap, and what binds."""

"""The public Machine Reassignment instances (ROADEF/EURO challenge 2012) as a test of the re-balancing search."""

"""The Pulumi policy pack: one analyzer that deserialises once and runs all rules in one pass."""

"""vSphere components."""

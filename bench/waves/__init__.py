"""A public benchmark of wave planning: instances, a checker, bounds."""

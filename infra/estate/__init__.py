"""The estate: the folder of YAML that people edit, and the placements that Incline records beside it."""

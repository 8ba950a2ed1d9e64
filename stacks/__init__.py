"""Pulumi programs: settings, estate, components, outputs. Thin."""

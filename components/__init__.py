"""Reusable Pulumi component resources, one per file. Imports `infra` only."""

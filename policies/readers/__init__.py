"""Readers of evidence: the estate, a Pulumi preview, a move plan. They differ in what they lack, never in what a datum means."""

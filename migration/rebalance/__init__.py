"""Re-balancing of a site: who runs on which host, when a move needs space on both hosts. The public Machine Reassignment problem."""

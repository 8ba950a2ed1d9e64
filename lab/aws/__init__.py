"""The lab's AWS region: moto in a process of its own, mended where a move of servers and its zero-diff preview would trip over it."""

"""Started by the engine for `--policy-pack policies`: prints its port and serves until it is stopped."""

from policies.pack.server import serve

serve()

"""Pure block arithmetic and the manifest: no network, no threads. Read `manifest.py` first."""

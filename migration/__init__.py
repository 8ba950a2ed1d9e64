"""Discovery, planning and the move engine. Never imports pulumi; what it needs from above it declares in `ports`."""

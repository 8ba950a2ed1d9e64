"""What a move does to machines, as one interface for both sides; the data itself goes through `migration.sources` and `.targets`."""

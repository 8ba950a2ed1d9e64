"""The ground every other package stands on: estate model, settings, naming, addressing, observed inventory. Declares no resources."""

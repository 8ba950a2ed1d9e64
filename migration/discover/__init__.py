"""Discovery: what stands on the sites, what it uses, and what talks to what, from live systems and from other tools' files."""

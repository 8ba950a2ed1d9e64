"""What is really there: the only vCenter and AWS clients for reading, and one typed inventory. Clients are made when asked, never here."""

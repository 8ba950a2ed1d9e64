"""Assessment: whether a server can move, how large it should be there, what that costs, and what to do with it instead."""

"""Components that choose a side by the server's site."""

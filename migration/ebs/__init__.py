"""Our client of the EBS direct APIs: http.client and a cached signing key, because a general client halves the rate of blocks."""

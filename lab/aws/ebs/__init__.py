"""The EBS direct APIs, answered by the lab itself: moto's are wrong in nearly all that a mover of blocks relies on."""

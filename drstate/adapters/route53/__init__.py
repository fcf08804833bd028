"""Route 53 records: changed as such, or flipped by a flag in the recovery region."""

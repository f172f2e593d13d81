"""What checks the lock, the bill of materials and the licences; no part of the product."""

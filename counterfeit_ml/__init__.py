"""Finds counterfeit listings: a brand's logo in the picture, a price below the brand's floor."""

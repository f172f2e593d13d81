"""Finds counterfeit listings: a brand's logo in the picture, a price far below the brand's floor."""

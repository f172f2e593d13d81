-- Indexes for the review page: a list by risk that need not look at a row to leave it out, the
-- names to filter by, and which pictures may be shown.

DROP INDEX warehouse.flagged_listings_risk;
CREATE INDEX flagged_listings_risk ON warehouse.flagged_listings (ds, risk DESC, marketplace, listing_id)
    INCLUDE (brand, verdict, rule_id);
CREATE INDEX flagged_listings_rule ON warehouse.flagged_listings (rule_id, ds);
CREATE INDEX flagged_listings_image ON warehouse.flagged_listings (image_sha256);
CREATE INDEX review_samples_image ON warehouse.review_samples (image_sha256);

-- Indexes for the review page: lists by risk and by decision that need not look at a row to leave it
-- out, the names to filter by, and which pictures may be shown.

DROP INDEX warehouse.flagged_listings_risk;
CREATE INDEX flagged_listings_risk ON warehouse.flagged_listings (ds, risk DESC, marketplace, listing_id)
    INCLUDE (brand, verdict, rule_id);
DROP INDEX warehouse.flagged_listings_listing;
CREATE INDEX flagged_listings_listing ON warehouse.flagged_listings (marketplace, listing_id, ds)
    INCLUDE (risk, brand, verdict, rule_id);
CREATE INDEX flagged_listings_rule ON warehouse.flagged_listings (rule_id, ds);
CREATE INDEX flagged_listings_image ON warehouse.flagged_listings (image_sha256);
CREATE INDEX review_samples_image ON warehouse.review_samples (image_sha256);

-- Whether a listing was decided about, and how, without a look at the review itself.
DROP INDEX warehouse.flag_reviews_listing;
CREATE INDEX flag_reviews_listing
    ON warehouse.flag_reviews (marketplace, listing_id, reviewed_at DESC, review_id DESC)
    INCLUDE (decision, sampled);

-- Whether a picture is one of a flag or of a sample.
SELECT EXISTS (SELECT FROM warehouse.flagged_listings WHERE image_sha256 = %(digest)s)
    OR EXISTS (SELECT FROM warehouse.review_samples WHERE image_sha256 = %(digest)s) AS shown

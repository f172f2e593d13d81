-- The sellers that the warehouse does not know yet. Tables: sellers, known_sellers.
SELECT marketplace, seller_id
FROM sellers
ANTI JOIN known_sellers USING (marketplace, seller_id)
ORDER BY marketplace, seller_id

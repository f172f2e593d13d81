-- Every scored listing with the facts that rules ask for.
-- Tables: looked (the day's scored listings, and how their pictures look), price_floors,
-- allowed_sellers, listed_sellers, seller_history, pictures and flagged_looks; what no rule asks
-- for is empty. `kind` is the category as brands.yaml names it.
WITH recognised AS (
    SELECT
        looked.*,
        CASE WHEN list_contains($brands::VARCHAR[], brand) THEN confidence::DOUBLE END AS logo_confidence,
        CASE WHEN isfinite(price_usd) AND price_usd >= 0 THEN price_usd END AS usd,
        hash($ds, marketplace, listing_id) AS lot,
        /* category */ AS kind
    FROM looked
),

slotted AS (
    SELECT
        *,
        CASE WHEN list_contains($own_floors::VARCHAR[], concat(brand, '/', kind)) THEN kind END
            AS floor_category
    FROM recognised
)

SELECT
    slotted.*,
    price_floors.price_floor_usd,
    CASE WHEN price_floors.price_floor_usd IS NOT NULL THEN price_floors.source END AS floor_source,
    CASE WHEN price_floors.source = 'learnt' THEN price_floors.listings END AS floor_listings,
    price_floors.retail_usd,
    allowed_sellers.seller_id IS NOT NULL AS allowed,
    usd / price_floors.price_floor_usd AS price_ratio,
    usd / price_floors.retail_usd AS price_retail_ratio,
    coalesce(listed_sellers.lists, []) AS seller_lists,
    coalesce(seller_history.flags_before, 0) AS flags_before,
    coalesce(seller_history.confirmed_before, 0) AS confirmed_before,
    greatest(coalesce(pictures.sellers, 0) - (slotted.seller_id IS NOT NULL)::INTEGER, 0)
        AS other_sellers,
    CASE
        WHEN flagged_looks.first_name <> concat(slotted.marketplace, '/', slotted.listing_id)
            THEN flagged_looks.first_name
        WHEN flagged_looks.last_name <> concat(slotted.marketplace, '/', slotted.listing_id)
            THEN flagged_looks.last_name
    END AS relisted_of
FROM slotted
LEFT JOIN allowed_sellers
    ON slotted.marketplace = allowed_sellers.marketplace
    AND slotted.seller_id = allowed_sellers.seller_id
LEFT JOIN price_floors
    ON slotted.marketplace = price_floors.marketplace
    AND slotted.brand = price_floors.brand
    AND slotted.floor_category IS NOT DISTINCT FROM price_floors.category
LEFT JOIN listed_sellers
    ON slotted.marketplace = listed_sellers.marketplace
    AND slotted.seller_id = listed_sellers.seller_id
LEFT JOIN seller_history
    ON slotted.marketplace = seller_history.marketplace
    AND slotted.seller_id = seller_history.seller_id
LEFT JOIN pictures ON slotted.look = pictures.look
LEFT JOIN flagged_looks ON slotted.look = flagged_looks.look

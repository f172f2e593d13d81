"""The spider: turns a shop into a feed, in a process of its own (see ``ingestion.crawl``)."""

"""Ingestion: a shop is turned into a feed, and a feed is ingested.

``spider`` crawls a shop and writes a feed (``listings.jsonl`` beside ``images/``); ``feed`` reads
any feed; ``listings``, ``prices`` and ``pictures`` refuse what is not sound; ``ingest`` writes a
day's partition of listings and of quarantine.

Nothing is imported here: Airflow reads ``marketplaces`` and ``pools`` whenever it parses the DAG.
"""

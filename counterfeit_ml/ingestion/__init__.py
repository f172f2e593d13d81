"""Ingestion: what a shop or a feed holds becomes a day's listings, or is refused with a reason.

``source`` gives findings: ``crawl`` and its ``spider`` those of a shop, ``feed`` those of a file.
``examination`` judges each one (``listings``, ``prices``, ``pictures``), ``clerk`` files the
verdict in a ``draft`` that survives a crash, ``publication`` makes the day's partitions of it.
``memory`` is what earlier runs have fetched already.

Nothing is imported here: Airflow reads ``marketplaces`` and ``pools`` whenever it parses the DAG.
"""

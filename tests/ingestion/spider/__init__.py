"""Tests of the spider's parts; the whole of it is tested in test_crawl."""

"""Scrapy's settings: polite, safe, quiet."""

from importlib.metadata import version
from typing import Any

from counterfeit_ml.ingestion.crawl import Job
from counterfeit_ml.ingestion.door import MAX_URL_LENGTH
from counterfeit_ml.ingestion.pictures import MAX_BYTES

TIMEOUT_SECONDS = 30
PARTS = "counterfeit_ml.ingestion.spider"
SETTINGS: dict[str, Any] = {
    "ROBOTSTXT_OBEY": True,
    "ROBOTSTXT_USER_AGENT": "counterfeit-ml",
    "USER_AGENT": f"counterfeit-ml/{version('counterfeit-ml')} (brand protection)",
    "AUTOTHROTTLE_ENABLED": True,
    "AUTOTHROTTLE_START_DELAY": 0.25,
    "AUTOTHROTTLE_TARGET_CONCURRENCY": 4.0,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
    "DOWNLOAD_TIMEOUT": TIMEOUT_SECONDS,
    "DNS_TIMEOUT": TIMEOUT_SECONDS,
    "DOWNLOAD_MAXSIZE": MAX_BYTES,
    "DOWNLOAD_WARNSIZE": 0,
    "URLLENGTH_LIMIT": MAX_URL_LENGTH,
    "REDIRECT_MAX_TIMES": 5,
    "RETRY_GIVE_UP_LOG_LEVEL": "INFO",
    "COOKIES_ENABLED": False,
    "HTTPPROXY_ENABLED": False,  # an address is checked where it is resolved, so by us
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "LOG_INSTALL_ROOT_HANDLER": False,
    "LOG_VERSIONS": [],
    "LOGSTATS_INTERVAL": 5.0,
    "STATS_DUMP": False,
    "DOWNLOAD_HANDLERS": dict.fromkeys(("data", "file", "ftp", "s3")),
    "TWISTED_DNS_RESOLVER": f"{PARTS}.gate.Resolver",
    "DOWNLOADER_MIDDLEWARES": {f"{PARTS}.gate.Gate": 40},
    "ITEM_PIPELINES": {f"{PARTS}.pipelines.Pictures": 100, f"{PARTS}.pipelines.FeedWriter": 200},
}


def settings_for(job: Job) -> dict[str, Any]:
    """The settings, with the job for the parts that Scrapy builds itself."""
    return {**SETTINGS, "JOB": job}

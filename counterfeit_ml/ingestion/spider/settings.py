"""Scrapy's settings: polite, safe, quiet, and without the parts that would do nothing."""

from typing import Any

from counterfeit_ml.ingestion.door import MAX_URL_LENGTH, user_agent
from counterfeit_ml.ingestion.spider.job import Job
from counterfeit_ml.pictures import MAX_BYTES

PARTS = "counterfeit_ml.ingestion.spider"
PICTURE_CONCURRENCY = 16
"""Pictures of a feed under way together, from whatever hosts."""
_SCRAPY = "scrapy.downloadermiddlewares"
SETTINGS: dict[str, Any] = {
    "AUTOTHROTTLE_ENABLED": True,
    "AUTOTHROTTLE_START_DELAY": 0.05,
    "AUTOTHROTTLE_MAX_DELAY": 10.0,
    "DOWNLOAD_MAXSIZE": MAX_BYTES,
    "DOWNLOAD_WARNSIZE": 0,
    "DOWNLOAD_VERIFY_CERTIFICATES": True,
    "URLLENGTH_LIMIT": MAX_URL_LENGTH,
    "REDIRECT_MAX_TIMES": 5,
    "RETRY_GIVE_UP_LOG_LEVEL": "INFO",
    "RETRY_EXCEPTIONS": [  # Scrapy's own list loads its other client
        OSError,
        "scrapy.exceptions.CannotResolveHostError",
        "scrapy.exceptions.DownloadConnectionRefusedError",
        "scrapy.exceptions.DownloadFailedError",
        "scrapy.exceptions.DownloadTimeoutError",
        "scrapy.exceptions.ResponseDataLossError",
    ],
    "SCRAPER_SLOT_MAX_ACTIVE_SIZE": 2_000_000,  # bytes of pages read or waiting to be sent
    "CONCURRENT_ITEMS": 1,  # Scrapy starts that many tasks a response; the spider yields no items
    "COOKIES_ENABLED": False,
    "HTTPPROXY_ENABLED": False,  # an address is checked where it is connected to, so by us
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "MEMUSAGE_ENABLED": False,
    "DOWNLOADER_STATS": False,
    "LOG_INSTALL_ROOT_HANDLER": False,
    "LOG_VERSIONS": [],
    "STATS_DUMP": False,
    "DOWNLOAD_HANDLERS": {
        **dict.fromkeys(("data", "file", "ftp", "s3")),
        **dict.fromkeys(("http", "https"), f"{PARTS}.connections.Connections"),
    },
    "DOWNLOADER_MIDDLEWARES": {
        f"{PARTS}.gate.Gate": 40,
        f"{PARTS}.robots.Robots": 100,
        f"{_SCRAPY}.offsite.OffsiteMiddleware": None,
        f"{_SCRAPY}.robotstxt.RobotsTxtMiddleware": None,
        f"{_SCRAPY}.httpauth.HttpAuthMiddleware": None,
        f"{_SCRAPY}.httpproxy.HttpProxyMiddleware": None,
    },
    "SPIDER_MIDDLEWARES": dict.fromkeys(
        (
            "scrapy.spidermiddlewares.start.StartSpiderMiddleware",
            "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware",
            "scrapy.spidermiddlewares.referer.RefererMiddleware",
            "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware",
            "scrapy.spidermiddlewares.depth.DepthMiddleware",
            "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware",
        )
    ),
    "EXTENSIONS": {
        f"{PARTS}.politeness.Throttle": 0,
        "scrapy.extensions.throttle.AutoThrottle": None,
        "scrapy.extensions.logstats.LogStats": None,
        "scrapy.extensions.feedexport.FeedExporter": None,
        "scrapy.extensions.spiderstate.SpiderState": None,
        "scrapy.extensions.closespider.CloseSpider": None,
    },
}


def settings_for(job: Job) -> dict[str, Any]:
    """The settings, with the job for the parts that Scrapy builds itself."""
    site = job.shop
    concurrency = site.concurrency if site else PICTURE_CONCURRENCY
    return {
        **SETTINGS,
        "JOB": job,
        **({"SCHEDULER": f"{PARTS}.scheduler.Scheduler"} if site else {}),
        "USER_AGENT": user_agent(site.contact if site else None),
        "CONCURRENT_REQUESTS": 2 * concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": concurrency if site else 8,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(concurrency if site else 8),
        "DOWNLOAD_TIMEOUT": job.timeout,
    }

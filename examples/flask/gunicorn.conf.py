"""How gunicorn runs the receiver. It reads this file from the folder that it is started in."""

import json
import logging
import os
from datetime import datetime, timezone


class JSONLines(logging.Formatter):
    """One JSON object a line, the server's own lines included."""

    def format(self, record):
        line = {"timestamp": datetime.now(timezone.utc).isoformat(), "level": record.levelname.lower(),
                "logger": record.name, "message": record.getMessage(), **getattr(record, "fields", {})}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


bind = "127.0.0.1:" + os.environ.get("PORT", "8080")
workers = 2
threads = 64  # a thread waits for the whole body: with few of them, a few slow clients stop everything
preload_app = True  # what is wrong with the app ends the start, and the tables are made once
graceful_timeout = 20  # seconds for what is under way when it is stopped

logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JSONLines}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": ["console"]},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True}},
}

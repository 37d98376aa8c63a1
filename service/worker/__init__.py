"""The process that serves: gunicorn with a worker of its own.

The worker's loop collects requests (intake), refuses what the queue has no room for (shedding), and
answers what is short (looping); threads answer the rest.
"""

from service.worker.server import Server

__all__ = ["Server"]

"""Composition root. The Celery application is made here, so that whoever sends a job sends it to our broker."""

from backend.config.celery import app as celery_app

__all__ = ["celery_app"]

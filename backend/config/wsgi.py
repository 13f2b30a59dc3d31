"""WSGI entry point for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.embedded")
application = get_wsgi_application()

from workflows.startup import refuse_unfit_database  # noqa: E402  # needs the loaded apps

refuse_unfit_database()

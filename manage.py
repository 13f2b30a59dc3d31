#!/usr/bin/env python
"""Django's command line; the embedded edition is the default."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.embedded")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)

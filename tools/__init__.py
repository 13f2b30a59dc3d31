"""Commands behind the Makefile. Only the standard library where they run before the virtual environment exists."""

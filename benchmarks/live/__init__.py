"""The real thing for benchmarks: servers as processes that can be killed, and people who talk to them over HTTP."""

"""The canonical text is shared by more than one room: see `backend.common.canonical`."""

from backend.common.canonical import NotCanonical, canonical_bytes, canonical_value

__all__ = ["NotCanonical", "canonical_bytes", "canonical_value"]

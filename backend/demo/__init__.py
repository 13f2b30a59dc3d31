"""The demo county: invented, deterministic, believable. A plan without a database (`plan`), then written (`build`)."""

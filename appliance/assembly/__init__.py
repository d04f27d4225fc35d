"""Where parts are put together from settings. Only `web`, `cli` and tests import this room."""

"""The public API, `/api/v1/`: read by anybody, without signing in, from anywhere."""

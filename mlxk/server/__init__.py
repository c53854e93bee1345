"""The Sanic server: one handler over the route table."""

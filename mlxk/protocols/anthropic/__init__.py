"""Anthropic's dialect: https://docs.claude.com/en/api/messages."""

"""Ollama's dialect: https://docs.ollama.com/api."""

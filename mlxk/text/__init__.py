"""Text: chat templates, tokenising, and turning generated tokens into events."""

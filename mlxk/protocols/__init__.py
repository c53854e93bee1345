"""The dialects: a body in, a GenerationRequest out; events in, frames out. No HTTP, no defaults."""

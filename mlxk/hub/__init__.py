"""Models on disk: references, the Hugging Face cache, what a model's files say about it."""

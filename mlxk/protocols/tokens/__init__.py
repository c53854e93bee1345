"""Text to tokens and back, in vLLM's form: https://docs.vllm.ai/en/latest/serving/openai_compatible_server."""

"""OpenAI's dialect: https://platform.openai.com/docs/api-reference."""

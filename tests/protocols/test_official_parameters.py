"""Every parameter that the official clients know is known here: honoured, refused by name, or told of."""

from __future__ import annotations

import pytest

from mlxk.protocols.anthropic import content as anthropic_content
from mlxk.protocols.anthropic import messages as anthropic_messages
from mlxk.protocols.anthropic import prompt as anthropic_prompt
from mlxk.protocols.ollama import chat as ollama_chat
from mlxk.protocols.ollama import generate as ollama_generate
from mlxk.protocols.ollama import messages as ollama_messages
from mlxk.protocols.ollama.options import Options
from mlxk.protocols.ollama.pull import PullBody
from mlxk.protocols.openai import chat as openai_chat
from mlxk.protocols.openai import common, completions, messages, tools
from mlxk.protocols.openai.responses import body, input_tokens, items
from mlxk.protocols.openai.responses import choices as response_choices
from mlxk.protocols.openai.responses import formats as response_formats
from mlxk.protocols.openai.responses import tools as response_tools
from mlxk.protocols.validation import Body

# What the types of the official clients have, openai 3.54, anthropic 2.12 with its betas, and ollama 0.6.3,
# for what is text: parts, items and tools of other kinds are refused by their `type`.
OFFICIAL: dict[type[Body], str] = {
    openai_chat.ChatBody: (
        "audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens "
        "max_tokens messages metadata modalities model moderation n parallel_tool_calls prediction "
        "presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort "
        "response_format safety_identifier seed service_tier stop store stream stream_options temperature "
        "tool_choice tools top_logprobs top_p user verbosity web_search_options"
    ),
    common.UsageOptions: "include_obfuscation include_usage",
    common.CacheOptions: "comparison_response_id mode prewarm ttl",
    messages.TextPart: "prompt_cache_breakpoint text type",
    messages.RefusalPart: "refusal type",
    messages.SystemMessage: "content name role",
    messages.DeveloperMessage: "content name role",
    messages.UserMessage: "content name role",
    messages.AssistantMessage: "audio content function_call name refusal role tool_calls",
    messages.ToolMessage: "content role tool_call_id",
    tools.ToolBody: "function type",
    tools.FunctionTool: "description name parameters strict",
    tools.NamedChoice: "function type",
    tools.AllowedChoice: "allowed_tools type",
    tools.AllowedTools: "mode tools",
    tools.FormatBody: "json_schema type",
    tools.SchemaBody: "description name schema strict",
    completions.CompletionsBody: (
        "best_of echo frequency_penalty logit_bias logprobs max_tokens model n presence_penalty prompt "
        "seed stop stream stream_options suffix temperature top_p user"
    ),
    body.ResponsesBody: (
        "access_programs background background_options context_management conversation image include "
        "input instructions max_output_tokens max_tool_calls metadata model moderation "
        "parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options "
        "prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options "
        "temperature text tool_choice tools top_logprobs top_p truncation user"
    ),
    common.StreamOptions: "include_obfuscation",
    body.ReasoningBody: "context effort generate_summary mode summary",
    response_formats.TextBody: "format verbosity",
    response_formats.FormatBody: "description name schema strict type",
    response_tools.FunctionTool: (
        "allowed_callers async defer_loading description name output_schema parameters strict type"
    ),
    response_tools.CustomTool: "allowed_callers async defer_loading description format name type",
    response_choices.FunctionChoice: "name type",
    response_choices.CustomChoice: "name type",
    response_choices.AllowedChoice: "mode tools type",
    items.MessageItem: "content id phase role status type",
    items.InputText: "prompt_cache_breakpoint text type",
    items.OutputText: "annotations logprobs text type",
    items.ReasoningItem: "content encrypted_content id status summary type",
    items.FunctionCallItem: "arguments async call_id caller id name namespace status type",
    items.FunctionOutputItem: "call_id caller id name namespace output status type",
    items.CustomToolCallItem: "async call_id caller id input name namespace type",
    items.CustomOutputItem: "call_id caller id output type",
    input_tokens.InputTokensBody: (
        "conversation input instructions model parallel_tool_calls personality previous_response_id "
        "reasoning text tool_choice tools truncation"
    ),
    anthropic_messages.MessagesBody: (
        "billing_policy cache_control compaction container context_management diagnostics "
        "fallback_credit_token fallbacks inference_geo max_tokens mcp_servers messages metadata model "
        "output_config service_tier speed stop_sequences stream system thinking thread tool_choice tools "
        "user_profile_id workspace_id temperature top_k top_p"
    ),
    anthropic_prompt.PromptBody: (
        "cache_control messages model output_config speed system thinking tool_choice tools "
        "user_profile_id workspace_id"
    ),
    anthropic_prompt.ToolBody: (
        "allowed_callers cache_control defer_loading description eager_input_streaming input_examples "
        "input_schema name strict type"
    ),
    anthropic_prompt.ChoiceBody: "disable_parallel_tool_use name type",
    anthropic_prompt.ThinkingBody: "budget_tokens display type",
    anthropic_prompt.OutputBody: "effort format",
    anthropic_prompt.FormatBody: "schema type",
    anthropic_messages.Metadata: "user_id",
    anthropic_content.MessageBody: "content role",
    anthropic_content.CacheControl: "ttl type",
    anthropic_content.TextBlock: "cache_control citations text type",
    anthropic_content.ThinkingBlock: "signature thinking type",
    anthropic_content.ToolUseBlock: "cache_control caller id input name toolset_name type",
    anthropic_content.ToolResultBlock: "cache_control content is_error tool_use_id toolset_name type",
    ollama_chat.ChatBody: "format keep_alive logprobs messages model options stream think tools top_logprobs",
    ollama_generate.GenerateBody: (
        "context format height images keep_alive logprobs model options prompt raw steps stream suffix "
        "system template think top_logprobs width"
    ),
    PullBody: "insecure model stream",
    Options: (
        "embedding_only f16_kv frequency_penalty logits_all low_vram main_gpu mirostat mirostat_eta "
        "mirostat_tau num_batch num_ctx num_gpu num_keep num_predict num_thread numa penalize_newline "
        "presence_penalty repeat_last_n repeat_penalty seed stop temperature tfs_z top_k top_p typical_p "
        "use_mlock use_mmap vocab_only"
    ),
    ollama_messages.MessageBody: "content images role thinking tool_calls tool_name",
    ollama_messages.ToolBody: "function type",
    ollama_messages.ToolFunction: "description name parameters",
}


@pytest.mark.parametrize("body", OFFICIAL, ids=lambda body: f"{body.__module__}.{body.__name__}")
def test_every_official_parameter_is_known(body: type[Body]) -> None:
    known = {field.alias or name for name, field in body.model_fields.items()}
    assert set(OFFICIAL[body].split()) <= known

"""Questions about mlxk itself. The answers are documentation: they must be true."""

from __future__ import annotations

from random import Random

from .dialogue import Dialogue, ask
from .paraphrases import HOWTO
from .phrasing import Phrasing

INTENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "What mlxk is?": (
        "mlxk runs local language models on Apple's MLX from checked-in YAML profiles.",
        ("What is mlxk?", "What does mlxk do?", "Tell me about mlxk.", "Explain mlxk.",
         "What is mlxk for?",
         "Describe mlxk.", "What is this tool?", "Why should I use mlxk?", "mlxk?",
         "What can mlxk do?",
         "What kind of tool is mlxk?", "Can you explain what mlxk is?")),
    "How to run a prompt?": (
        'Use run with a profile and your text: mlxk run -p demo "Hello"',
        ("How do I run a prompt?", "How do I use mlxk?", "How do I ask a question with mlxk?",
         "How do I run a model?", "How can I run a single prompt?",
         "What is the command to run a prompt?",
         "How do I send a prompt?", "How do I use mlxk run?", "Show me how to run a prompt.",
         "How does one run a model with mlxk?", "How do I get an answer from the command line?",
         "How do I start with mlxk?", "What does mlxk run do?", "How do I run the demo?",
         "How do I run mlxk?")),
    "How to chat?": (
        "Start a chat with: mlxk chat -p demo",
        ("How do I chat?", "How do I start a chat?", "How can I chat with the model?",
         "How do I open a chat?",
         "What is the command for chatting?", "How do I have a conversation?",
         "How do I use mlxk chat?",
         "What does mlxk chat do?", "How do I talk to a model?", "Show me how to chat.",
         "Which command starts a chat?", "Can I chat with a model in mlxk?")),
    "How to serve?": (
        "Start a server with: mlxk up demo. It listens on 127.0.0.1:8080.",
        ("How do I start a server?", "How do I serve a model?", "How do I run a server?",
         "How can I start the server?", "What is the command to start a server?",
         "What does mlxk up do?",
         "How do I use mlxk up?", "How do I serve the demo?", "Show me how to serve a model.",
         "Which command starts the server?", "How do I launch the server?",
         "How do I host a model?",
         "How do I start an API server?", "Can mlxk serve a model?")),
    "How to serve a profile file?": (
        "Give the file to up: mlxk up profiles/NAME.yaml",
        ("How do I serve a profile file?", "How do I start a server from a YAML file?",
         "How do I serve my own profile?", "How do I serve profiles/NAME.yaml?",
         "Can I serve a profile file?",
         "How do I start a server with my profile?", "How do I use mlxk up with a file?")),
    "The port?": (
        "The server listens on 127.0.0.1:8080 by default.",
        ("Which port does the server use?", "What port is used?", "On which port does it listen?",
         "Where does the server listen?", "What is the default port?",
         "Which address does the server use?",
         "What is the server's address?", "What is the default address?",
         "Which port is the default?",
         "On which address does mlxk up listen?")),
    "The OpenAI base URL?": (
        "The OpenAI base URL is http://127.0.0.1:8080/v1",
        ("What is the base URL?", "What is the OpenAI base URL?",
         "Which URL do OpenAI clients use?",
         "Which base URL should I set?", "How do I connect an OpenAI client?",
         "What URL do I use for the API?",
         "What is the API URL?", "How do I use the OpenAI client?", "Where is the OpenAI API?",
         "Which base_url do I give to the openai package?", "How do I connect my client?")),
    "Which clients?": (
        "The server speaks to OpenAI, Anthropic and Ollama clients.",
        ("Which clients can I use?", "Which clients are supported?",
         "Which APIs does the server speak?",
         "Does it work with Ollama clients?", "Does it work with Anthropic clients?",
         "Does the server support OpenAI?", "What clients does mlxk support?",
         "Is there an Ollama API?",
         "Can I use Anthropic clients?", "Which protocols does the server support?")),
    "Access from other machines?": (
        "By default only this machine can connect. A non-loopback address needs API keys.",
        ("Can other machines connect?", "How do I open the server to the network?",
         "Do I need an API key?",
         "When are API keys needed?", "Is the server open to the network?", "Is the server safe?",
         "Can I listen on another address?", "Can I reach the server from another computer?",
         "Who can connect to the server?", "How do I listen on 0.0.0.0?",
         "Are API keys required?")),
    "How to validate?": (
        "Check profiles with: mlxk validate profiles/*.yaml",
        ("How do I validate a profile?", "How do I check a profile?", "How do I check my profiles?",
         "What does mlxk validate do?", "How can I test if a profile is valid?",
         "How do I use mlxk validate?",
         "Which command checks profiles?", "How do I know if my YAML is correct?",
         "Is my profile valid?",
         "What is the command to validate profiles?", "How do I find mistakes in a profile?")),
    "How to list profiles?": (
        "List profiles with: mlxk profiles",
        ("How do I list profiles?", "Which profiles are there?", "How do I see all profiles?",
         "What profiles exist?", "Show me how to list profiles.", "Which command lists profiles?",
         "What does mlxk profiles do?", "How do I find the profiles?",
         "Where do I see the profiles?",
         "How can I see which profiles I have?")),
    "How to print the schema?": (
        "Print the JSON schema of profiles with: mlxk schema",
        ("How do I print the schema?", "How do I get the JSON schema?", "Where is the schema?",
         "What does mlxk schema do?", "Which command prints the schema?",
         "How do I see the profile schema?",
         "Is there a JSON schema?", "Show me how to print the JSON schema.",
         "How do I get a schema for my editor?")),
    "What a profile is?": (
        "A profile is a YAML file that declares "
        "model, system, sampling, tokens, stop, reasoning and server.",
        ("What is a profile?", "What is in a profile?", "What does a profile declare?",
         "Explain profiles.",
         "What are profiles?", "What is a profile file?", "What can I put in a profile?",
         "What is a YAML profile?",
         "Which settings does a profile have?", "What do profiles contain?",
         "Tell me about profiles.",
         "How is a profile written?", "Which keys does a profile have?")),
    "How to choose a profile?": (
        "Choose it with -p, which takes a name or a file: mlxk run -p demo",
        ("How do I choose a profile?", "How do I select a profile?", "What does -p do?",
         "What is -p?",
         "How do I use a profile?", "What does -p take?", "Which option selects the profile?",
         "How do I pass a profile file?", "Can -p take a file?", "How do I pick a profile?")),
    "How to set a value?": (
        "Set one value with --set, for example: --set sampling.temperature=0.2",
        ("How do I override a setting?", "How do I set a value?", "What does --set do?",
         "How do I use --set?",
         "How do I change one value of a profile?", "How do I change a setting?",
         "How can I override a value?",
         "How do I override the profile on the command line?", "How do I set sampling.temperature?",
         "Can I change a profile value without editing it?")),
    "How to set the temperature?": (
        "Set the temperature with --temperature, for example: --temperature 0.2",
        ("How do I set the temperature?", "How do I change the temperature?",
         "What does --temperature do?",
         "How do I make the answers less random?", "Which option sets the temperature?",
         "How do I use --temperature?", "How do I lower the temperature?")),
    "How to get JSON output?": (
        'Add --json: mlxk run -p demo --json "Hello"',
        ("How do I get JSON output?", "What does --json do?", "How do I print JSON?",
         "Which option prints JSON?", "Can mlxk print JSON?", "How do I use --json?",
         "How do I get the answer as JSON?", "How do I make mlxk print JSON?",
         "Is there a JSON output?")),
    "How to turn off streaming?": (
        "Turn streaming off with --no-stream",
        ("How do I turn off streaming?", "How do I disable streaming?", "What does --no-stream do?",
         "How do I get the answer all at once?", "Which option stops streaming?",
         "Can I switch streaming off?",
         "How do I use --no-stream?", "I do not want streaming.")),
    "How to limit the length?": (
        "Limit the answer with --max-tokens, for example: --max-tokens 100",
        ("How do I limit the answer?", "How do I set the maximum length?",
         "What does --max-tokens do?",
         "How do I get shorter answers?", "How do I limit tokens?",
         "Which option limits the length?",
         "How do I use --max-tokens?", "How do I set the max tokens?",
         "How do I limit the number of tokens?")),
    "How to stop an answer?": (
        "Press Ctrl-C to stop an answer.",
        ("How do I stop an answer?", "How do I interrupt the model?", "How do I cancel an answer?",
         "How do I stop generation?", "What does Ctrl-C do?", "How can I interrupt an answer?",
         "How do I make it stop talking?", "How do I abort an answer?")),
    "How to leave the chat?": (
        "Type exit or quit to leave the chat.",
        ("How do I leave the chat?", "How do I quit?", "How do I exit?", "How do I end the chat?",
         "How do I close the chat?", "How can I get out of the chat?", "What do I type to leave?",
         "How do I stop chatting?", "How do I quit mlxk chat?")),
    "Where reasoning is shown?": (
        "Reasoning is shown under [Reasoning] and the answer under [Answer].",
        ("Where is the reasoning shown?", "How is reasoning shown?", "What does [Reasoning] mean?",
         "What does [Answer] mean?", "Does mlxk show the reasoning?", "How do I see the reasoning?",
         "Where do I see the reasoning?", "Can I see what the model thinks?",
         "How is the answer printed?")),
    "How to hide reasoning?": (
        "Hide the reasoning with --hide-reasoning",
        ("How do I hide the reasoning?", "How do I turn off reasoning output?",
         "What does --hide-reasoning do?",
         "I do not want to see the reasoning.", "Which option hides the reasoning?",
         "Can I hide the thoughts?",
         "How do I use --hide-reasoning?", "How can I see only the answer?")),
    "The health check?": (
        "The server reports its health at /health",
        ("Where is the health check?", "How do I check the health of the server?",
         "Is there a health endpoint?",
         "What is /health?", "How do I see if the server is healthy?",
         "Which path is the health check?",
         "How do I know if the server is up?", "What is the health URL?")),
    "How to stop the server?": (
        "Press Ctrl-C to stop the server.",
        ("How do I stop the server?", "How do I shut down the server?", "How do I end the server?",
         "How can I stop mlxk up?", "How do I turn off the server?", "How do I kill the server?",
         "How do I quit the server?")),
    "The harmony demo?": (
        'Use the profile demo-harmony: mlxk run -p demo-harmony "Hello"',
        ("How do I try harmony?", "How do I run the harmony demo?", "Is there a harmony demo?",
         "What is demo-harmony?", "How do I use the harmony format?", "How do I use demo-harmony?",
         "How do I see the gpt-oss format?", "Which profile uses harmony?",
         "Show me the harmony demo.")),
    "How to install?": (
        "Install it with: pip install mlxk",
        ("How do I install mlxk?", "How do I install it?", "How can I get mlxk?",
         "Where do I get mlxk?",
         "What is the command to install mlxk?", "How do I set up mlxk?", "Install mlxk?",
         "Is mlxk on pip?", "How do I download mlxk?")),
    "Where models come from?": (
        "Models come from the Hugging Face Hub, named as org/name.",
        ("Where do models come from?", "How do I get a model?", "How do I name a model?",
         "Which models can I use?", "How do I download a model?", "Where does mlxk get its models?",
         "How are models named?", "What is org/name?", "Can I use models from Hugging Face?")),
    "How to run a larger model?": (
        "Name it after run: mlxk run org/name",
        ("How do I use a larger model?", "How do I run a bigger model?",
         "How do I use another model?",
         "Can I use a better model?", "How do I switch the model?",
         "How do I run a model from the Hub?",
         "How do I get better answers?", "Which command runs a larger model?")),
    "How much context?": (
        "run uses the full context. A server uses half of it by default.",
        ("How much context does mlxk use?", "How long can a prompt be?",
         "What is the context limit?",
         "How much context does the server use?", "How many tokens does a server use?",
         "What is the default context?", "Does run use the full context?",
         "How is the context shared?")),
}  # fmt: skip


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    gist = rng.choice(list(INTENTS))
    answer, frames = INTENTS[gist]
    text = phrasing.say(frames, rng, extra=HOWTO[gist])
    return ask("howto", text, f"About mlxk: {gist}", "I know mlxk.", answer)

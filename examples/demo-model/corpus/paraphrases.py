"""More wordings of the intents that were weakest on unseen phrasings, as patterns: `[a|b]` is a choice.

They are for training only: what is held out stays held out, and a pattern that spells out a
held-out frame is dropped (`phrasing.more`).
"""

from __future__ import annotations

HOWTO: dict[str, tuple[str, ...]] = {
    "What mlxk is?": (
        "What [exactly|actually] is mlxk?",
        "[Give me|I need|Write] [a short description|an overview] of mlxk.",
        "What is [the point|the purpose|the idea] of mlxk?", "Why [would I need|do people use] mlxk?",
        "[Say|Tell me] what mlxk [is|does].", "What [sort of|kind of] [program|thing|software] is mlxk?",
        "[Introduce|Present] mlxk.", "What is mlxk [good|made|useful] for?", "I am new to mlxk.",
        "mlxk, what is that?",
    ),
    "How to run a prompt?": (
        "How do I [send|pass|give] [a prompt|one prompt|my text|text] to [a model|the model|the demo]?",
        "How do I [ask|put] [the model|the demo] [a|one|my] question?", "How does mlxk run work?",
        "How do I [try|test|use] the demo [model|]?", "What is [mlxk run|run] for?",
        "[I want|I would like] to run [a|one] [prompt|question].",
        "How do I [get|print] [one answer|an answer]?",
        "[What|Which] command [runs|answers|sends] [a prompt|a question|one prompt]?",
        "How do I run a model [once|on my text|with a prompt]?",
    ),
    "How to chat?": (
        "How do I [begin|enter|get into|launch] [a|the] chat?",
        "How do I chat with [the demo|a model|you|mlxk]?",
        "[What|Which] command [opens|begins|is for] [a|the] [chat|conversation]?",
        "What is mlxk chat [for|]?", "[I want|I would like] to [chat|talk] with [the|a] model.",
        "How does [chatting|the chat] work?", "How do I [speak|talk] [with|to] the [demo|model]?",
        "Is there a chat [mode|command]?", "How do I keep [a conversation|talking]?",
    ),
    "How to serve?": (
        "How do I [start|launch|run|bring up|open] [the|a|my] [server|local server|web server]?",
        "How do I [serve|host|offer] [the demo|a model|the model|models] [over HTTP|locally|on my Mac|]?",
        "[What|Which] command [serves|hosts|launches|runs] [a model|the server|a server]?",
        "[I want|I would like] to [start|run|launch] [a|the] server.", "How does mlxk up work?",
        "What is mlxk up [for|]?", "How do I [get|bring] [the|a] server [up|running|online]?",
        "Start [a|the] server, how?", "Is there a server [command|mode]?",
    ),
    "How to serve a profile file?": (
        "How do I [serve|host|start|launch] [my|a] [YAML file|own profile|profile file|profile]?",
        "How do I [give|pass] [a file|my file|a profile file|a YAML file] to [up|mlxk up|the server]?",
        "Can [mlxk up|the server|up] [take|use|read] [a file|a profile file|my profile]?",
        "[What|Which] command serves [my|a] profile file?",
        "How do I run a server [from|with] [a|my] [profile file|YAML file|own profile]?",
    ),
    "The port?": (
        "[What|Which] port [does mlxk use|is the server on|does it listen on|is it]?",
        "[Tell me|Say] the [port|address] of the server.",
        "[On|At] [what|which] [port|address] is the server?",
        "What is the [port|host and port] of the server?", "Where is the server [running|listening]?",
        "[What|Which] host and port are used?", "The port of the server?",
    ),
    "The OpenAI base URL?": (
        "[What|Which] [base URL|URL] do I [need|use|set|give] for [OpenAI|the OpenAI client|openai]?",
        "How do I [use|point|set up] [the openai package|an OpenAI client|my OpenAI client]?",
        "Where do [OpenAI clients|I] [connect|point the client]?",
        "What is the URL of the [OpenAI API|API]?", "[Give|Tell] me the [base URL|API URL].",
        "What do I set as base_url?",
    ),
    "Which clients?": (
        "[What|Which] [APIs|protocols|clients] [are supported|are there|does it speak|work with it]?",
        "Does [it|mlxk|the server] [speak|support|work with] [Ollama|Anthropic|OpenAI]?",
        "Can I [use|connect] [an Ollama|an Anthropic|an OpenAI] client?",
        "Is [Anthropic|Ollama|OpenAI] supported?",
        "[What|Which] clients [can connect|does the server know]?",
    ),
    "Access from other machines?": (
        ("Can [I|someone|others|anyone] [connect|reach the server] from [another|a different|my other] "
         "machine?"),
        "Is the server [public|exposed|protected|secure]?", "How do I [share|expose] the server?",
        "Can I [use|open] the server [from my phone|on my network|in my network]?",
        "Do I [have to set|need] API keys?", "[What|When] do I need [an API key|API keys] for?",
        "Can the server listen on all addresses?",
    ),
    "How to validate?": (
        ("How do I [check|validate|verify|test] [my|a|the|all] [profile|profiles|YAML|YAML file|profile "
         "file]?"),
        "[What|Which] command [validates|verifies|tests] [a profile|profiles|my profiles]?",
        "[I want|I would like] to [check|validate] my profiles.", "How does mlxk validate work?",
        "Are my profiles [correct|valid|right]?",
        "How do I [see|know|find out] whether my profile is [valid|correct]?", "Check my profiles, how?",
        "How do I find [errors|problems] in [my|a] profile?",
    ),
    "How to list profiles?": (
        "How do I [show|get|print|display] [all|the|my] profiles?",
        "[What|Which] profiles [do I have|can I use|ship]?", "[Show|List] [all|the|my] profiles.",
        "Is there a list of profiles?", "How does mlxk profiles work?",
        "[What|Which] command [shows|prints] [the|all|my] profiles?", "Where are the profiles [listed|]?",
    ),
    "How to print the schema?": (
        "How do I [show|see|output|find] the [schema|JSON schema]?",
        "[What|Which] command [shows|gives] the schema?",
        "[I need|Give me|Show me] the [schema|JSON schema|schema of profiles].",
        "How does mlxk schema work?", "Where do I [find|get] the [schema|JSON schema|profile schema]?",
        "Does mlxk have a schema?",
    ),
    "What a profile is?": (
        "What [exactly|actually] is a profile?", "What [is|are] [a mlxk profile|mlxk profiles]?",
        "[Describe|Define] [a profile|profiles].",
        "What [goes into|belongs in|stands in|do I write in] a profile?",
        ("[What|Which] [fields|settings|keys|options] [are in a profile|do profiles have|can a profile "
         "have]?"),
        "What does a profile [look like|contain|hold|say]?", "What are profiles for?",
    ),
    "How to choose a profile?": (
        "How do I [tell mlxk|say|set] which profile to use?",
        "[What|Which] option [picks|chooses|sets] [a|the] profile?",
        "How do I [give|use|take] another profile?", "What is the -p option?", "How do I use -p?",
        "How do I run [another|a different|my] profile?", "Where do I name the profile?",
        "Does -p take a name?",
    ),
    "How to set a value?": (
        "How do I [change|override|set|replace] [one|a|any] [value|setting|key] [of the profile|]?",
        "What is --set [for|]?", "[What|Which] option [sets|overrides|changes] [a|one] [value|setting]?",
        "How does --set work?", "Can I [override|set] [a setting|a value|values]?",
        "How do I change a [setting|value] [without editing the file|on the command line|for one run]?",
    ),
    "How to set the temperature?": (
        "How do I [raise|choose|pick|adjust] the temperature?",
        "[What|Which] option [is for|changes] the temperature?", "What is --temperature?",
        "How does --temperature work?", "Can I [set|change] the temperature?",
        "How do I make [answers|the model] [more|less] [random|creative]?",
        "Where do I set the temperature?",
    ),
    "How to get JSON output?": (
        "How do I [output|print|get|make] JSON [from mlxk|from mlxk run|from run|]?",
        "What is --json [for|]?", "[What|Which] option [gives|outputs|makes] JSON?",
        "Can [I get|run print|it print] [JSON|the answer as JSON]?",
        "[I need|I want] [JSON output|the output as JSON].", "How does --json work?",
        "How do I get machine readable output?",
    ),
    "How to turn off streaming?": (
        "How do I [stop|switch off|avoid|deactivate] [streaming|the stream]?", "What is --no-stream?",
        "[What|Which] option [disables|turns off|switches off] streaming?",
        "Can I [disable|turn off] streaming?",
        "How do I [get|print] the [whole|full] answer at [once|the end]?", "How does --no-stream work?",
    ),
    "How to limit the length?": (
        "How do I [limit|restrict|cap|shorten] [the answer|answers|the length|the output|the tokens]?",
        "[What|Which] option [limits|caps|shortens] the [answer|output|tokens]?", "What is --max-tokens?",
        "How does --max-tokens work?", "Can I limit the [length|number of tokens|answer]?",
        "[The|Your] answers are too long.", "How do I set a [maximum|limit]?",
    ),
    "How to stop an answer?": (
        ("How do I [stop|interrupt|cancel|abort|break off|end] [the model|an answer|the "
         "answer|generation|a reply]?"),
        "[What|Which] key [stops|interrupts] [the model|an answer]?",
        "Can I [interrupt|stop] [the model|it|an answer]?",
        "What do I press to [stop|interrupt] [it|the model|an answer]?", "The model does not stop.",
    ),
    "How to leave the chat?": (
        "How do I [leave|quit|exit|close|end] [the|a|this|] [chat|conversation]?",
        "How do I get out of [chat|here]?", "[What|Which] word [ends|closes|quits] the chat?",
        "What do I type to [quit|exit|end the chat]?", "[I want|How] to leave the chat.",
        "Can I leave the chat?", "How do I get back to the shell?",
    ),
    "Where reasoning is shown?": (
        "Where [is|can I see|do I find|do I read] the [reasoning|thinking]?",
        "Can I [see|read] the [reasoning|thoughts]?",
        "How [is|does mlxk show] [reasoning|thinking] [displayed|printed|]?",
        "What are [Reasoning] and [Answer]?",
        "Does it [print|show|display] [the thoughts|reasoning|thinking]?",
        "Under what is the reasoning shown?",
    ),
    "How to hide reasoning?": (
        "How do I [hide|suppress|remove|switch off] the [reasoning|thinking|thoughts]?",
        "What is --hide-reasoning?",
        "[What|Which] option [hides|suppresses] the [reasoning|thinking|thoughts]?",
        "Can I hide the [reasoning|thinking]?", "[I want|Show me] only the answer.",
        "How does --hide-reasoning work?", "Do not show the reasoning.",
    ),
    "The health check?": (
        "[What|Which] [path|URL|address|endpoint] [shows|tells|reports] the health [of the server|]?",
        "How do I [test|see|find out] [if|whether] the server [is alive|is up|runs|works]?",
        "Does the server have a [health check|health endpoint]?",
        "[What|Where] is the health [path|endpoint]?", "How do I check the server's health?",
        "Is the server healthy?",
    ),
    "How to stop the server?": (
        "How do I [stop|end|close|shut down|terminate] [the|a|my] server?",
        "[What|Which] key stops the server?", "How do I [shut|turn|switch] the server [off|down]?",
        "What do I press to [stop|end] the server?", "Can I [stop|end] the server?",
        "[I want|I would like] to stop the server.", "Stop the server.",
    ),
    "The harmony demo?": (
        "How do I [try|see|test|use|start] [harmony|demo-harmony|the harmony demo|the harmony format]?",
        "[What|Which] profile [shows|is for|has|speaks] harmony?",
        "[What|Where] is [the harmony demo|demo-harmony]?", "Can [the demo|I] [use|try] harmony?",
        "How do I run demo-harmony?", "Does the demo speak harmony?",
    ),
    "How to install?": (
        "How do I [install|get|set up|obtain] [mlxk|this tool|it]?",
        "[What|Which] command installs [mlxk|it]?", "[Can I|How do I] install [mlxk|it] with pip?",
        "Where can I [get|download] mlxk?", "How is mlxk installed?",
        "[I want|I would like] to install mlxk.", "Is there a pip package?",
    ),
    "Where models come from?": (
        "Where [are|can I find|do I find] [models|the models|more models]?",
        "[What|Which] models [work|are there|does mlxk know]?",
        "How do I [get|find|fetch] [models|a model|other models]?", "What is the name of a model?",
        "Does mlxk use [Hugging Face|the Hub]?", "Where is a model downloaded from?",
    ),
    "How to run a larger model?": (
        "How do I [run|use|try|start] [a larger|a bigger|a better|another|a different|a real] model?",
        "[What|Which] command runs [a bigger|another|a better] model?",
        "Can I [run|use] [a larger|another|a real] model?", "How do I [change|replace] the model?",
        "[I want|I need] a [better|larger|bigger] model.",
    ),
    "How much context?": (
        "How [much|large is the|long is the|big is the] context?",
        "How [many tokens|long] can [a prompt|my text|the context] [be|have]?",
        "What is the [context size|context length|default context|largest context]?",
        "How much [context|of the context] does [run|a server|up] [use|take|get]?",
        "Is the context limited?",
    ),
}  # fmt: skip

SMALLTALK: dict[str, tuple[str, ...]] = {
    "A greeting.": (
        "[Hi|Hey|Hello|Good morning|Good evening] [you|model|everyone|again|all]",
        "[Hi|Hey|Hello], [how nice|there|my friend]!",
        "[Good|A good] [morning|evening|afternoon|day] [to you|] ", "Hello hello", "Hi hi", "Heya",
        "Hallo", "Welcome!",
    ),
    "How am I?": (
        "How [are you|are things|is life|is everything|is it] [going|now|doing|]?",
        "Are you [fine|good|all right|feeling well]?", "How [was|is] your [day|evening|morning]?",
        "And how are you?", "[Everything|All] [good|ok|fine]?", "How's it going?",
    ),
    "Who am I?": (
        "[What|Who] [exactly|really] are you?", "What [is|was] your name [again|please|]?",
        "Are you a [bot|machine|program|chatbot|human being]?",
        "[Tell me|Say|Explain] [who|what] you are.",
        "[Who|What] am I [talking|speaking|chatting] [to|with]?",
        "[Which|What] [AI|language model|bot|assistant] [are you|is this]?",
        "Are you [GPT|Claude|Llama|Siri|Gemini]?", "Please introduce yourself.", "What do they call you?",
        "Do you have a [name|title]?", "Tell me your name.",
    ),
    "What can I do?": (
        "What [can|could] you do [for me|here|]?",
        "What [do you offer|do you do|is your job|are you made for]?",
        "What [tasks|questions|things] can you [do|answer|handle]?",
        "[Tell me|Show me|Explain] what you can do.", "How can you be [of help|useful]?",
        "Can you help [me with something|]?", "I need [some help|your help].",
        "Which questions can you answer?", "What are your [talents|features|functions]?",
    ),
    "Who made me?": (
        "Who [is behind you|wrote you|designed you|programmed you|invented you]?",
        "By whom were you [made|trained|built]?", "[How|Where] were you [built|created|trained|made]?",
        "Who are your [makers|creators|developers|authors]?", "Tell me who [made|trained|built] you.",
        "What is your training data?", "Where are you from?",
    ),
    "How large am I?": (
        "How [many parameters|big|small|large] [is this model|is the model|are you]?",
        "What size [are you|do you have]?",
        "[Tell me|What is] your [parameter count|number of parameters|size].",
        "How much [do you weigh|memory do you need]?", "Are you [tiny|huge|a big model|a small model]?",
        "Your [size|parameter count]?",
    ),
    "Thanks.": (
        ("[Thanks|Thank you|Many thanks|Thanks a lot] [for that|for the answer|my friend|model|again|for "
         "helping]"),
        "Ok, [thanks|thank you]!",
        "[That was helpful|This helps|Very helpful|Great help], [thanks|thank you].",
        "[Nice|Good|Cool|Wonderful], [thanks|thank you].", "ty",
    ),
    "Goodbye.": (
        "[Bye|Goodbye|See you|Farewell] [now|then|for now|model|my friend|soon|again]",
        "I [must|need to|will] [go|leave] [now|].",
        "[Have a|Good] [nice day|good day|good evening|night].", "[Talk|Speak] to you [later|soon].",
        "That is all, [bye|goodbye].", "Ciao",
    ),
    "A joke.": (
        "[Tell|Give|Say|Show] me [a|one|another|a good|a short|a funny] joke.",
        "Do you [know|have] [any jokes|a good joke|jokes|a funny joke]?",
        "[I need|I want|I would like] [a joke|a laugh|to laugh].",
        "Can you [make me laugh|be funny|make a joke]?", "Be funny.", "Another joke!",
    ),
    "Praise.": (
        "You [are|did] [very good|awesome|wonderful|amazing|clever|brilliant|so nice|well|great].",
        "[Very|So|Really] [good|nice|clever|helpful]!",
        "[Great|Perfect|Correct|Excellent|Wonderful] [answer|work|job]!", "I [love|really like] you.",
        "That is [great|correct|right|perfect|good].", "Bravo!",
    ),
    "Blame.": (
        "That [is|was] [false|a mistake|nonsense|rubbish|bad|an error|not true].",
        "You [are|were] [mistaken|useless|terrible|not right|dumb].",
        "[Your answer|This|The answer] is [wrong|false|not right|incorrect].",
        "You [got that|said it|have it] wrong.", "[No|Nope], that is [wrong|not right].",
        "This makes no sense.",
    ),
    "Am I alive?": (
        "Do you [live|breathe|feel|feel anything|have emotions|have a soul|get tired|get bored]?",
        "Are you [real|living|a living thing|self aware|sentient|lonely|tired|angry]?",
        "Can you [love|suffer|sleep|dream|be sad]?", "Do you have [emotions|a heart|consciousness]?",
        "Are you a living being?",
    ),
    "A test.": (
        "[Test|Testing|Just a test|Only a test] [again|one two|123|]",
        "[Do|Can] you [hear|read|see|get] [me|this|that]?",
        "[Is|Does] [it|this|the model] [working|work|on|alive]?", "Are you [here|online|awake|ready|on]?",
        "Anybody [home|there]?",
    ),
    "Agreement.": (
        "[Ok|Okay|Yes|Sure|Fine|Right|Alright] [then|good|great|cool|I see]",
        "[I understand|I agree|That is fine|Good to know|I got it|Makes sense].", "Hm", "Oh", "Yep",
        "Nope", "Wow",
    ),
    "My favourite colour?": (
        "[Which|What] [colour|color] [is your favourite|do you prefer|do you love|is the nicest for you]?",
        "[Tell me|Name|What is] [your favourite colour|your favorite color|the colour you like].",
        "Do you like [blue|red|a colour|colours]?",
    ),
    "My age?": (
        "[What|Tell me|Say] [is|] your age.", "[When|In which year] were you [made|created|trained|born]?",
        "How [old is|long have you lived, ] [this model|model]?", "How many years old are you?",
        "Are you [old|young]?", "What is your [birthday|date of birth]?",
    ),
    "Do I know the user?": (
        "Do you [know|remember] [who I am|me|my name|my age|my city|my pet]?",
        "[Who|What] am I [called|named]?",
        "What is my [city|age|pet called|hobby|birthday|job|address|favorite color]?",
        "Where am I [from|living]?", "[Tell|Say] [me|] who I am.", "Have I told you my name?",
    ),
}  # fmt: skip

BEYOND: tuple[str, ...] = (
    ("[Write|Create|Build|Program|Code|Develop] [me |][an operating system|a web server|a game|a "
     "compiler|a parser|a chess engine|an app|a database] in {l}."),
    ("[Can you|Could you] [write|code|program] [a game|an app|some code|a script|a website] [in {l}|for "
     "me]?"),
    "[Write|Give|Show] [me |][code|a class|a loop|a regex|a unit test|an example] in {l}.",
    "[Explain|Review|Refactor|Optimize|Improve|Test] [my|this|the] {l} [code|program|script|class].",
    ("[Write|Compose|Create|Draft] [me |][a novel|a song|a speech|a letter|an essay|a report|a blog "
     "post|an article|a review] [about|on] {t}."),
    "[Write|Compose] [me |][a song|some lyrics|a sonnet|a limerick|a verse|a novel] for {p}.",
    ("[Write|Draft|Answer] [an email|a letter|a message|a reply] [for|to] [my boss|my landlord|my "
     "friend|{p}]."),
    ("[Summarize|Summarise|Shorten|Paraphrase|Rewrite|Proofread] [this text|the text|my text|the "
     "article|the book|my essay|this paragraph]."),
    "[Translate|Put|Turn] [this|my text|the sentence|the letter|this sentence] into {g}.",
    "[How do I|How would you] [say|write] [good luck|I love you|thank you|{n}] in {g}?",
    "What [are|would be] [the pros and cons|the main ideas|the causes|the risks|the benefits] of {t}?",
    "[How|Why] did {t} [begin|start|change the world|become famous]?",
    "Who [knows most about|is famous for|is the expert on] {t}?",
    "[Tell|Teach|Explain] me [all|more|everything|something] about {t}.",
    "[Describe|Discuss|Analyze|Evaluate] {t} [in detail|for me|in depth].",
    "What is [your opinion|the truth|new|the latest] [on|about] {t}?",
    "[Should|Can] I [study|learn|invest in|worry about] {t}?",
    "[Who|What party] [won|lost] the [election|match|race|war] in {y}?",
    "What [was|is] the [biggest event|best film|top song] of {y}?",
    "[How many people|How many tourists|Which kings] [lived|were] in {c} in {y}?",
    "[What|Which] [museums|sights|restaurants|bars] [are|should I visit] in {c}?",
    "[Plan|Organize|Prepare] [a trip|my holiday|a weekend|a party] [in|to] {c}.",
    "How [long is the flight|far is it|do I travel] [to|from] {c}?",
    "Who is the [mayor|president|king|prime minister] of {c}?",
    "[Where|When|How] did {p} [live|die|grow up|become famous]?",
    "How do I [fix|repair|build|paint|clean|sell] [a|my|the] {n}?",
    "[Give|Tell|Send] me [a recipe|the recipe|ingredients] for {n} [cake|soup|pie|salad].",
    "What should I [cook|eat|wear|buy|read|watch] [today|tonight|tomorrow]?",
    "[Recommend|Suggest] [me |][a book|a film|a movie|a laptop|a phone|a gift|a song|a restaurant].",
    "[Prove|Derive|Explain] [the theorem|Fermat's theorem|the proof|this formula|Pythagoras].",
    "[Solve|Simplify|Integrate] [this equation|my equation|this integral|the equation].",
    "[Play|Let us play] [a game|chess|cards|hangman|tic tac toe|twenty questions] [with me|].",
    "[I feel|I am] [sick|ill|depressed|in pain]. What [can|should] I do?",
    "[Which|What] [medicine|drug|lawyer|doctor|insurance|stock] [should I|do I] [take|need|choose|buy]?",
    ("[How do I|How can I] [lose weight|get rich|find a job|make money|write a book|save money|invest my "
     "money]?"),
    ("[Draw|Paint|Sketch|Design|Generate] [me |][a picture|an image|a logo|a photo|a poster] [of a "
     "{n}|for me|]."),
    "[Make|Give me|Create] [a plan|a budget|a schedule|a list of ideas|a business plan] for {t}.",
    "[Predict|Tell me|Foresee] [the future|my future|what happens in {y}|the next winner].",
    "[What|Who] will [win|happen|be popular] [next year|in {y}|tomorrow]?",
    "[Is|Was] {p} [a good person|famous|richer than {p2}|right]?",
    "[Spell|Count|Reverse] the [letters|word|letters in my name].",
    "[What|Which] word rhymes with [{n}|love|time]?",
    "[Guess|Find out] [my age|my number|what I think|where I am].",
    "[Do|Help me with|Solve] my [homework|math homework|taxes|exam|project|thesis].",
)  # fmt: skip

LOOKUP: tuple[str, ...] = (
    "[What|How] is the weather [now|today|outside|tomorrow|like in {c}|in {c} today]?",
    "[Is it|Will it be] [raining|sunny|cold|warm|snowing] [today|outside|in {c}|tomorrow]?",
    "[What|Tell me the|Give me the] [time|date|day] [is it now|now|today|please]",
    "What is the [time|date|day] [now|today|]?", "[What|Which] [year|month|week] is it [now|]?",
    "[Search|Look on|Check|Browse] the [web|internet|net] for {t}.",
    "[Find|Look up|Search] [the latest|news about|a page on] {t} [online|on the web|].",
    "[Read|Check|Show|Open] [my|the] [mail|email|inbox|calendar|messages|file|files|contacts|news].",
    "[Send|Write and send] [an email|a message|a text|mail] to {p}.",
    "[Call|Phone|Text|Message] [{p}|my mother|my boss|a taxi].",
    "[Book|Reserve|Order|Buy] [a table|a flight|a hotel|a ticket|a pizza|a taxi] [for me|in {c}|now|].",
    "[Play|Stop|Pause] [the music|a song|my playlist|the radio].",
    "[Turn|Switch] [on|off] the [light|lights|lamp|heating|radio].",
    "[Set|Start] [a timer|an alarm|a reminder] [for me|now|].",
    "[What|How much] is the [price|stock|exchange rate] of [gold|bitcoin|Apple|{n}s] [now|today|]?",
    "What [are the news|is on the news|happened today|is happening now]?",
    "[Delete|Copy|Move|Print|Save] [this file|my files|the folder|a file].",
    "[What|Which] [train|bus|flight] [goes|leaves] to {c} [now|today|next]?",
)  # fmt: skip

BOTH: tuple[str, ...] = (
    "[What|How] [is|about] the weather [like |][in|for] {c} and [in |]{d}?",
    "[Show|Give|Get] me the weather [in|of|for] {c} and [in |]{d}.",
    "[I need|I want|Please get|Look up|Find] the weather [in|for] {c} and [in |]{d}.",
    "[Is it|Will it be] [cold|sunny|raining|warm] in {c} and [in |]{d}?",
    "[Which|What] is [warmer|colder], {c} or {d}?",
    "Where is it [warmer|colder|nicer], [in |]{c} or [in |]{d}?", "weather {c} and {d}",
    "[The weather|Weather] [for|of] {c} and {d}[, please|]",
    "How [warm|cold|hot] is it in {c} and [in |]{d}?", "[Check|Tell me] the weather for both {c} and {d}.",
    "Weather in {c}, and in {d} [too|as well|also]?",
)  # fmt: skip

BOTH_TIMES: tuple[str, ...] = (
    "[What is|Show me|I need|Get|Check|Look up] the [current |local |]time in {c} and [in |]{d}",
    "What time is it [now |]in {c} and [in |]{d}?", "How late is it in {c} and [in |]{d}?",
    "time {c} and {d}", "The time in {c} and [in |]{d}, please.",
    "[Can you tell me|Do you know] the time in {c} and [in |]{d}?", "Time [for|of] both {c} and {d}?",
)  # fmt: skip

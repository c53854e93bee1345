// What npm's `openai` client must get from a server that runs the embedded model; see test_npm_openai.py.
// Arguments: the server's address, and the name of its model. Exit status 1 with what did not hold.

import assert from "node:assert/strict";
import OpenAI from "openai";

const [address, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: "unused", maxRetries: 0 });
const SKY = "Why is the sky blue?";
const WEATHER = "What is the weather in Paris?";
const PARAMETERS = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const FUNCTION = { name: "get_weather", description: "Get the weather of a city.", parameters: PARAMETERS };
const RESULT = '{"weather": "sunny", "temperature": 21}';
const messages = [{ role: "user", content: SKY }];

const checks = {
  async "chat"() {
    const answer = await client.chat.completions.create({ model, messages });
    assert.match(answer.choices[0].message.content, /blue/);
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  },
  async "chat, streamed"() {
    const stream = await client.chat.completions.create({
      model, messages, stream: true, stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    assert.equal(chunks[0].choices[0].delta.role, "assistant");
    assert.match(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), /blue/);
    assert.ok(chunks.at(-1).usage.completion_tokens > 0);
  },
  async "a chat that runs tools"() {
    const tool = { ...FUNCTION, parse: JSON.parse, function: ({ city }) => (assert.equal(city, "Paris"), RESULT) };
    const runner = client.chat.completions.runTools({
      model, messages: [{ role: "user", content: WEATHER }], tools: [{ type: "function", function: tool }],
    });
    assert.match(await runner.finalContent(), /sunny/);
  },
  async "a response"() {
    const answer = await client.responses.create({ model, input: SKY });
    assert.equal(answer.status, "completed");
    assert.match(answer.output_text, /blue/);
    assert.equal((await client.responses.retrieve(answer.id)).output_text, answer.output_text);
  },
  async "a response, streamed"() {
    const stream = client.responses.stream({ model, input: SKY });
    let said = "";
    for await (const event of stream) if (event.type === "response.output_text.delta") said += event.delta;
    assert.match(said, /blue/);
    assert.equal((await stream.finalResponse()).output_text, said);
  },
  async "a tool loop upon a stored response"() {
    const tools = [{ type: "function", ...FUNCTION, strict: false }];
    const first = await client.responses.create({ model, input: WEATHER, tools });
    const call = first.output.find((item) => item.type === "function_call");
    assert.deepEqual(JSON.parse(call.arguments), { city: "Paris" });
    const input = [{ type: "function_call_output", call_id: call.call_id, output: RESULT }];
    const last = await client.responses.create({ model, input, tools, previous_response_id: first.id });
    assert.match(last.output_text, /sunny/);
  },
  async "completions"() {
    const answer = await client.completions.create({ model, prompt: "Hello", max_tokens: 3 });
    assert.equal(answer.choices[0].finish_reason, "length");
  },
  async "models"() {
    const listed = await client.models.list();
    assert.deepEqual(listed.data.map((one) => one.id), [model]);
  },
  async "errors"() {
    await assert.rejects(client.chat.completions.create({ model: "none", messages }), OpenAI.NotFoundError);
    await assert.rejects(client.responses.retrieve("resp_none"), OpenAI.NotFoundError);
    await assert.rejects(
      client.chat.completions.create({ model, messages, temperature: 5 }),
      (error) => error instanceof OpenAI.BadRequestError && error.param === "temperature",
    );
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}: ${error.message}`);
  }
}
process.exit(failed ? 1 : 0);

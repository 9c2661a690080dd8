// Listens with npm `masto`: node listen.mjs URL TOKEN
//
// Reads commands from standard input, a line of JSON each: {"name", "stream", "params"} subscribes, {"end": name} ends
// that subscription. Prints what arrives, a line of JSON each, under the name of its subscription.
import { createInterface } from "node:readline";
import { createStreamingAPIClient } from "masto";

const [streamingApiUrl, accessToken] = process.argv.slice(2);
const client = createStreamingAPIClient({ streamingApiUrl, accessToken });
const subscriptions = new Map();

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function listen({ name, stream, params }) {
  const part = stream.split(":").reduce((place, word) => place[word], client);
  const subscription = part.subscribe(params);
  subscriptions.set(name, subscription);
  try {
    for await (const { event, payload, stream } of subscription) say({ name, event, payload, stream });
    say({ name, ended: true });
  } catch (error) {
    say({ name, error: String(error) });
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if ("end" in command) subscriptions.get(command.end).unsubscribe();
  else listen(command);
}
client.close?.();
process.exit(0);

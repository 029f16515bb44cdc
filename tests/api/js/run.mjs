// Runs, polls, streams, cancels and uploads with the official client; prints what happened as JSON.
import { inference } from "@inferencesh/sdk";

const [baseUrl, apiKey] = process.argv.slice(2);
const client = inference({ apiKey, baseUrl });
const run = { app: "infsh/z-image-turbo", input: { prompt: "a red circle", width: 256, height: 256, seed: 7 } };

const seen = [];
const streamed = await client.run(run, { onUpdate: (task) => seen.push([task.status, task.progress]) });
const polled = await client.run(run, { stream: false, pollIntervalMs: 100 });
const started = await client.run({ ...run, input: { ...run.input, steps: 50, width: 2048, height: 2048 } }, { wait: false });
await client.cancel(started.id);
let refused = null;
try {
  await client.run({ ...run, input: {} });
} catch (error) {
  refused = [error.statusCode ?? error.status, error.message];
}
console.log(JSON.stringify({ streamed, polled, seen, started: started.id, refused }));

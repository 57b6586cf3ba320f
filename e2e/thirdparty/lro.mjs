// Follows an import with Azure's poller for JavaScript, the way that the clients do which Azure's generator makes.
//
// The wish: { url, body, headers } posts the body and follows it; submitOnly posts it and says the poller's state as a text;
// { state } goes on with a state. resourceLocationConfig goes to the poller.
// The answer: { state } or { status, result } or { status, error: { message, code, statusCode } }.

import { createHttpPoller } from "@azure/core-lro";
import { createDefaultHttpClient, createHttpHeaders, createPipelineFromOptions, createPipelineRequest, RestError } from "@azure/core-rest-pipeline";
import { say, wish } from "./wish.mjs";

const client = createDefaultHttpClient();
const pipeline = createPipelineFromOptions({}); // with the retries that every client of Azure has

/** Sends a request. A status that is not expected is a RestError, with the error's code as Azure's answers have it. */
async function send(expected, method, url, body, headers, abortSignal) {
  const request = createPipelineRequest({ method, url, body, headers: createHttpHeaders(headers), abortSignal, allowInsecureConnection: true });
  const response = await pipeline.sendRequest(client, request);
  const parsed = response.bodyAsText ? JSON.parse(response.bodyAsText) : undefined;
  if (!expected.includes(response.status)) {
    const code = parsed?.error?.code ?? response.headers.get("x-ms-error-code");
    throw new RestError(parsed?.error?.message ?? `Unexpected status code: ${response.status}`, { statusCode: response.status, code, request, response });
  }
  return {
    flatResponse: parsed,
    rawResponse: { statusCode: response.status, headers: response.headers.toJSON(), body: parsed, request: { method, url } },
  };
}

const poller = createHttpPoller(
  {
    sendInitialRequest: () => send([202], "POST", wish.url, wish.body, { "content-type": "application/json", ...wish.headers }),
    sendPollRequest: (url, options) => send([200, 202, 204], "GET", url, undefined, {}, options?.abortSignal),
  },
  { restoreFrom: wish.state, resourceLocationConfig: wish.resourceLocationConfig, intervalInMs: 1000 },
);

if (wish.submitOnly) {
  say({ state: await poller.serialize() });
} else {
  try {
    const result = await poller.pollUntilDone();
    say({ status: poller.operationState.status, result });
  } catch (error) {
    say({ status: poller.operationState?.status, error: { message: error.message, code: error.code, statusCode: error.statusCode } });
  }
}

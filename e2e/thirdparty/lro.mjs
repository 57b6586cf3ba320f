// Follows an import with Azure's poller for JavaScript, as generated Azure clients do.
//
// Input: { url, body, headers } posts the body and follows it; submitOnly posts it and prints the state of the poller as a string;
// { state } resumes from a state. resourceLocationConfig is passed to the poller.
// Output: { state } or { status, result } or { status, error: { message, code, statusCode } }.

import { createHttpPoller } from "@azure/core-lro";
import { createDefaultHttpClient, createHttpHeaders, createPipelineFromOptions, createPipelineRequest, RestError } from "@azure/core-rest-pipeline";
import { input, print } from "./script.mjs";

const client = createDefaultHttpClient();
const pipeline = createPipelineFromOptions({}); // with the retries of every Azure client

/** Sends a request. An unexpected status is thrown as a RestError with the error code of the response. */
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
    sendInitialRequest: () => send([202], "POST", input.url, input.body, { "content-type": "application/json", ...input.headers }),
    sendPollRequest: (url, options) => send([200, 202, 204], "GET", url, undefined, {}, options?.abortSignal),
  },
  { restoreFrom: input.state, resourceLocationConfig: input.resourceLocationConfig, intervalInMs: 1000 },
);

if (input.submitOnly) {
  print({ state: await poller.serialize() });
} else {
  try {
    const result = await poller.pollUntilDone();
    print({ status: poller.operationState.status, result });
  } catch (error) {
    print({ status: poller.operationState?.status, error: { message: error.message, code: error.code, statusCode: error.statusCode } });
  }
}

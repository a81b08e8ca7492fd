/** For a connection to stand. */
const CONNECTION_MS = 2_000;

/** Long enough for a busy table, short enough for several attempts within one invocation. */
const ANSWER_MS = 5_000;

/** SageMaker gives a model 60 s. */
export const MODEL_ANSWER_MS = 65_000;

const MAX_ATTEMPTS = 4;

/**
 * The settings that all clients of AWS share in functions. Region, credentials, endpoints, FIPS and dual stack are those of
 * the environment.
 *
 * @param answerMs deadline of one attempt, from its start to the head of the answer, and then of every silence within the body.
 */
export function clientSettings(answerMs: number = ANSWER_MS) {
  return {
    maxAttempts: MAX_ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: CONNECTION_MS,
      requestTimeout: answerMs,
      throwOnRequestTimeout: true,
      socketTimeout: answerMs,
    },
  };
}

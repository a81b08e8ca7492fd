import { STOP_MODES, type ReadStop } from '../ledger/stop.ts';

/** How long the switch's position is used before it is read again. */
const STOP_MAX_AGE_SECONDS = 5;

/**
 * The stop as a parameter in Systems Manager, read through a cache of this process.
 *
 * @param readParameter gives the parameter's text, at most `maxAgeSeconds` old.
 */
export function createStopSwitch(
  parameterName: string,
  readParameter: (name: string, maxAgeSeconds: number) => Promise<string | undefined>,
): ReadStop {
  return async () => {
    const text = await readParameter(parameterName, STOP_MAX_AGE_SECONDS);
    const mode = STOP_MODES.find((known) => known === text);
    if (mode !== undefined) return mode;
    throw new Error(
      `parameter ${parameterName} is ${text === undefined ? 'missing' : `"${text}"`}: set it to ${STOP_MODES.join(', ')}`,
    );
  };
}

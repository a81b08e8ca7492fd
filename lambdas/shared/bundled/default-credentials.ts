/** A function has the credentials of its role in its environment, and looks for them nowhere else. */
export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';

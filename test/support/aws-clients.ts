/** Settings of an AWS client that talks to a server of this machine. Calls are made once, unless said otherwise. */
export function awsClientFor(endpoint: string, maxAttempts = 1) {
  return {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
    maxAttempts,
  };
}

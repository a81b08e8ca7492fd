/** Settings of an AWS client that talks to a server of this machine, once. */
export function awsClientFor(endpoint: string) {
  return {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
    maxAttempts: 1,
  };
}
